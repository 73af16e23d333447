// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>

#include "schedule/plan.h"
#include "worker/python/api/api.h"

// add_timer, add_rb_timer, add_cron, add_file_monitor. The master runs the timers and monitors, so
// each sends one signal, however many workers there are.

namespace geventd::py {

namespace {

PyObject* add_plan(Api& api, std::uint8_t number, const std::string& plan) {
    if (!api.book().add_plan(number, plan)) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* add_timer(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "seconds", nullptr};
    PyObject* num = nullptr;
    double seconds = 0;
    std::uint8_t number = 0;
    std::chrono::milliseconds period{0};
    Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, kwargs, "Od:add_timer", const_cast<char**>(names), &num,
                                    &seconds) == 0 ||
        !read_number(num, number) || !read_period(seconds, period)) {
        return nullptr;
    }
    return add_plan(*api, number, schedule::timer_text(period));
}

PyObject* add_rb_timer(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "seconds", "iterations", nullptr};
    PyObject* num = nullptr;
    double seconds = 0;
    Py_ssize_t iterations = 0;
    std::uint8_t number = 0;
    std::chrono::milliseconds period{0};
    Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, kwargs, "Od|n:add_rb_timer", const_cast<char**>(names),
                                    &num, &seconds, &iterations) == 0 ||
        !read_number(num, number) || !read_period(seconds, period)) {
        return nullptr;
    }
    if (iterations < 0 || iterations > std::numeric_limits<std::uint32_t>::max()) {
        PyErr_SetString(PyExc_ValueError, "iterations is 0 (for ever) or a number of ticks");
        return nullptr;
    }
    return add_plan(*api, number,
                    schedule::chain_text(period, static_cast<std::uint32_t>(iterations)));
}

// uWSGI's five numbers; missing ones are -1.
bool read_fields(const std::array<PyObject*, 5>& objects, schedule::CronEntry::Fields& fields) {
    int* const members[] = {&fields.minute, &fields.hour, &fields.day, &fields.month,
                            &fields.weekday};
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (objects[i] == nullptr) {
            continue;
        }
        const std::int64_t value = PyLong_AsLong(objects[i]);
        if (value == -1 && PyErr_Occurred() != nullptr) {
            return false;
        }
        // A value out of an int's range is out of the field's range, too.
        *members[i] = value < -1000 || value > 1000 ? 1000 : static_cast<int>(value);
    }
    return true;
}

PyObject* add_cron(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num",   "minute",  "hour", "day",
                                        "month", "weekday", nullptr};
    PyObject* num = nullptr;
    std::array<PyObject*, 5> objects{};
    auto& [minute, hour, day, month, weekday] = objects;
    std::uint8_t number = 0;
    Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, kwargs, "OO|OOOO:add_cron", const_cast<char**>(names),
                                    &num, &minute, &hour, &day, &month, &weekday) == 0 ||
        !read_number(num, number)) {
        return nullptr;
    }
    if (PyUnicode_Check(objects[0]) != 0) {
        const char* text = PyUnicode_AsUTF8(objects[0]);
        if (text == nullptr) {
            return nullptr;
        }
        if (objects[1] != nullptr) {
            PyErr_SetString(PyExc_TypeError, "a crontab's text holds all five fields");
            return nullptr;
        }
        return add_plan(*api, number, schedule::cron_text(text));
    }
    schedule::CronEntry::Fields fields;
    if (!read_fields(objects, fields)) {
        return nullptr;
    }
    return add_plan(*api, number, schedule::fields_text(fields));
}

// The path is made absolute because the master may have another working directory.
std::string absolute(const std::string& path) {
    if (path.empty() || path.front() == '/') {
        return path;
    }
    const std::unique_ptr<char, decltype(&::free)> here(::getcwd(nullptr, 0), &::free);
    return here == nullptr ? path : std::string(here.get()) + "/" + path;
}

PyObject* add_file_monitor(PyObject* module, PyObject* args, PyObject* kwargs) noexcept {
    static const char* const names[] = {"num", "path", nullptr};
    PyObject* num = nullptr;
    PyObject* encoded = nullptr;
    std::uint8_t number = 0;
    Api* api = api_of(module);
    if (api == nullptr ||
        PyArg_ParseTupleAndKeywords(args, kwargs, "OO&:add_file_monitor", const_cast<char**>(names),
                                    &num, PyUnicode_FSConverter, &encoded) == 0) {
        return nullptr;
    }
    const Ref path = Ref::steal(encoded);
    if (!read_number(num, number)) {
        return nullptr;
    }
    return add_plan(*api, number, schedule::watch_text(absolute(PyBytes_AS_STRING(path.get()))));
}

PyCFunction with_keywords(PyCFunctionWithKeywords function) {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

PyMethodDef schedule_functions[] = {
    {"add_timer", with_keywords(add_timer), METH_VARARGS | METH_KEYWORDS,
     "add_timer(num, seconds)\n--\n\n"
     "Sends the signal num every so many seconds (a float; milliseconds count), first after\n"
     "that time. Periods that were missed are one tick. The same timer again changes nothing,\n"
     "so each worker may add it. ValueError: num or seconds is out of range."},
    {"add_rb_timer", with_keywords(add_rb_timer), METH_VARARGS | METH_KEYWORDS,
     "add_rb_timer(num, seconds, iterations=0)\n--\n\n"
     "Like add_timer(), but each period begins with the tick before it, and after so many\n"
     "iterations it is over (0: never). ValueError: an argument is out of range."},
    {"add_cron", with_keywords(add_cron), METH_VARARGS | METH_KEYWORDS,
     "add_cron(num, minute, hour=-1, day=-1, month=-1, weekday=-1)\n--\n\n"
     "Sends the signal num at the beginning of each matching minute of the local time. The\n"
     "fields are numbers; -1 means any, -n every value that n divides; Sunday is 0 or 7. Or\n"
     "minute is a crontab's text with all five: '*/5 2-4 * * mon', '@daily'. Where day and\n"
     "weekday are both given, either may match. ValueError: a field is out of range, or no day\n"
     "ever matches."},
    {"add_file_monitor", with_keywords(add_file_monitor), METH_VARARGS | METH_KEYWORDS,
     "add_file_monitor(num, path)\n--\n\n"
     "Sends the signal num when the file or directory changes: its contents, its entries, or\n"
     "which file the path leads to. It need not exist yet. ValueError: num is out of range or\n"
     "the path is empty."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace geventd::py
