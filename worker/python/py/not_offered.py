# SPDX-License-Identifier: MIT
"""Functions of uWSGI that geventd does not offer: each raises when it is called, and says what to
use instead. Names by which libraries detect features (cache_*, spool) do not exist.

Embedded in geventd-worker.
"""


def _refusal(error, name, advice):
    def function(*args, **kwargs):
        raise error(f"uwsgi.{name}() {advice}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raises {error.__name__}: {advice}."
    return function


def functions():
    """{name: function} of all that raise."""
    refused = {}
    waits = "would block the hub of all requests: call"
    for name, call in (
            ("async_sleep", "gevent.sleep(seconds)"),
            ("async_connect", "gevent.socket.create_connection(address)"),
            ("wait_fd_read", "gevent.socket.wait_read(fd, timeout)"),
            ("wait_fd_write", "gevent.socket.wait_write(fd, timeout)"),
            ("suspend", "gevent.sleep(0)"), ("green_schedule", "gevent.sleep(0)")):
        refused[name] = _refusal(RuntimeError, name, f"{waits} {call}")
    sockets_of_gevent = "use gevent.socket"
    no_rpc = "geventd has no RPC: send a request, or a signal with a payload (geventd.signal)"
    no_spooler = "geventd has no spooler: send a signal with a payload (geventd.signal)"
    no_mules = "geventd has no mules: register a signal handler, or gevent.spawn in post_fork_hook"
    no_queue = "geventd has no shared queue: send a signal with a payload, or use a database"
    no_areas = "geventd shares no memory: use multiprocessing.shared_memory or a database"
    no_metrics = "geventd keeps no metrics of applications: use prometheus_client"
    no_snmp = "geventd has no SNMP agent: use prometheus_client"
    no_legion = "geventd has no legions: elect with a database or a lock service"
    own_file = "geventd's configuration is YAML: read uwsgi.opt or os.environ"
    groups = {
        "logsize": "geventd does not watch its log's size: os.stat() the file",
        "set_warning_message": "geventd's ping says nothing but that it serves",
        "ready_fd": sockets_of_gevent, "parsefile": own_file, "embedded_data": own_file,
        "extract": own_file, "micros": "use time.time_ns() // 1000",
        "alarm": "geventd has no alarms: use logging",
        "i_am_the_lord": no_legion, "lord_scroll": no_legion, "scrolls": no_legion,
        "add_var": "put the value into environ", "route": "call the application",
        "sendfile": "return environ['wsgi.file_wrapper'](file)",
        "offload": "return environ['wsgi.file_wrapper'](file)",
        "send": "yield the bytes", "connect": sockets_of_gevent, "recv": sockets_of_gevent,
        "close": sockets_of_gevent, "is_connected": sockets_of_gevent,
        "call rpc register_rpc rpc_list": no_rpc,
        "send_to_spooler set_spooler_frequency spooler_jobs spooler_pid spooler_pids"
        " spooler_get_task i_am_the_spooler": no_spooler,
        "mule_msg mule_get_msg mule_msg_recv_size farm_msg farm_get_msg in_farm": no_mules,
        "queue_set queue_get queue_last queue_push queue_pull queue_pop queue_slot"
        " queue_pull_slot": no_queue,
        "metric_get metric_set metric_inc metric_dec metric_mul metric_div metric_set_max"
        " metric_set_min": no_metrics,
        "snmp_set_community": no_snmp,
        "sharedarea_rlock sharedarea_wlock sharedarea_unlock sharedarea_memoryview"
        " sharedarea_object sharedarea_readbyte sharedarea_writebyte sharedarea_readlong"
        " sharedarea_writelong": no_areas,
    }
    for width in ("", "8", "16", "32", "64"):
        groups[f"sharedarea_read{width} sharedarea_write{width}"] = no_areas
    for width in ("32", "64"):
        groups[f"sharedarea_inc{width} sharedarea_dec{width}"] = no_areas
        for kind in ("counter", "gauge"):
            groups[" ".join(f"snmp_{deed}_{kind}{width}" for deed in ("set", "incr", "decr"))] \
                = no_snmp
    for names, advice in groups.items():
        for name in names.split():
            refused[name] = _refusal(NotImplementedError, name, f"is not offered: {advice}")
    return refused
