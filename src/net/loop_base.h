/* net/loop_base: libevent's own handle, for the files of net/ that make events themselves. */
#pragma once

struct event_base;
struct loop;

struct event_base *loop_base(struct loop *loop);
