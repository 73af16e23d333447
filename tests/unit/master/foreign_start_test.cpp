// SPDX-License-Identifier: MIT
#include "master/foreign_start.h"

#include <vector>

#include <gtest/gtest.h>

namespace geventd::master {
namespace {

std::string explain(std::vector<const char*> arguments) {
    return explain_foreign_start(arguments);
}

/// The command that is proposed.
std::string command(std::vector<const char*> arguments) {
    const std::string text = explain(std::move(arguments));
    const auto start = text.find("\n  ");
    return start == std::string::npos ? text : text.substr(start + 3);
}

TEST(ExplainForeignStart, KnowsUwsgisOptions) {
    EXPECT_EQ(explain({"--http", ":8000", "--gevent", "100", "--module", "app:app"}),
              "geventd: --http, --gevent, --module are some of uWSGI's options; geventd is "
              "configured by a YAML file, which this writes:\n"
              "  geventctl convert -- uwsgi --http :8000 --gevent 100 --module app:app > "
              "geventd.yaml\n");
    EXPECT_EQ(command({"-M", "-p", "4", "-w", "app", "-b", "32768"}),
              "geventctl convert -- uwsgi -M -p 4 -w app -b 32768 > geventd.yaml\n");
}

TEST(ExplainForeignStart, KnowsGunicornsOptions) {
    EXPECT_EQ(command({"-k", "gevent", "-w4", "app:create('x')"}),
              "geventctl convert -- gunicorn -k gevent -w4 'app:create('\\''x'\\'')' > "
              "geventd.yaml\n");
    EXPECT_EQ(command({"--threads", "4", "shop:app"}),
              "geventctl convert -- gunicorn --threads 4 shop:app > geventd.yaml\n");
    EXPECT_EQ(command({"-c", "gunicorn.conf.py", "--worker-class=gevent", "app:app", "--check"}),
              "geventctl convert -- gunicorn -c gunicorn.conf.py --worker-class=gevent app:app > "
              "geventd.yaml\n");
}

TEST(ExplainForeignStart, KnowsTheirFiles) {
    EXPECT_EQ(explain({"-c", "my uwsgi.ini"}),
              "geventd: 'my uwsgi.ini' is a file of uWSGI's; geventd is configured by a YAML file, "
              "which this writes:\n  geventctl convert 'my uwsgi.ini' > geventd.yaml\n");
    EXPECT_EQ(command({"app:application", "-c", "gunicorn.conf.py", "-w", "4"}),
              "geventctl convert -- gunicorn app:application -c gunicorn.conf.py -w 4 > "
              "geventd.yaml\n");
    EXPECT_EQ(command({"-c", "gunicorn.conf.py", "--set", "workers.cores=9"}),
              "geventctl convert gunicorn.conf.py > geventd.yaml\n");
    EXPECT_EQ(command({"gunicorn", "-k", "gevent", "app"}),
              "geventctl convert -- gunicorn -k gevent app > geventd.yaml\n");
    EXPECT_EQ(command({"gunicorn.conf.py"}), "geventctl convert gunicorn.conf.py > geventd.yaml\n");
    EXPECT_EQ(command({"--config=app.xml", "--check"}),
              "geventctl convert app.xml > geventd.yaml\n");
    EXPECT_EQ(command({"conf/uwsgi.ini:web"}),
              "geventctl convert conf/uwsgi.ini:web > geventd.yaml\n");
    EXPECT_EQ(command({"conf/gunicorn_web.py"}),
              "geventctl convert conf/gunicorn_web.py > geventd.yaml\n");
    EXPECT_EQ(command({"--config", "python:conf.gunicorn_web"}),
              "geventctl convert conf/gunicorn_web.py > geventd.yaml\n");
}

TEST(ExplainForeignStart, KnowsFilesThatStartAServer) {
    EXPECT_EQ(explain({"-c", "entrypoint.sh"}),
              "geventd: entrypoint.sh is no configuration of geventd; if it starts uWSGI or "
              "gunicorn, this makes one of it:\n  geventctl convert entrypoint.sh > "
              "geventd.yaml\n");
    EXPECT_EQ(command({"--config=/srv/Procfile"}),
              "geventctl convert /srv/Procfile > geventd.yaml\n");
}

TEST(ExplainForeignStart, LeavesGeventdsOwnAlone) {
    EXPECT_EQ(explain({}), "");
    EXPECT_EQ(explain({"-c", "server.yaml", "--check", "--set", "app=x.py", "--set=log=--ini"}),
              "");
    EXPECT_EQ(explain({"shop.py", "-b", ":8000", "-w", "4", "--cores=7", "--workers", "2"}), "");
    EXPECT_EQ(explain({"paste:production.ini"}), "");
    EXPECT_EQ(explain({"paste:production.ini#main", "-c", "x.yaml"}), "");
    EXPECT_EQ(explain({"web/gunicorn_app:application"}), "");
    EXPECT_EQ(explain({"--help"}), "");
    EXPECT_EQ(explain({"--nobodys", "app:application"}), "");
}

}  // namespace
}  // namespace geventd::master
