#include "/work/wt/signals/master/schedule/crons.cpp"
#include "/work/wt/signals/master/schedule/file_monitor.cpp"
#include "/work/wt/signals/master/schedule/scheduler.cpp"
#include "/work/wt/signals/master/schedule/timers.cpp"
