#include "/work/main/src/shm/signal_table.cpp"
#include "/work/main/src/shm/signal_wake.cpp"
#include "/work/main/src/shm/signal_watch.cpp"
#include "/work/main/src/shm/signal_writer.cpp"
