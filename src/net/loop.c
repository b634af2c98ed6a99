/*
 * net/loop: see the header.
 *
 * libevent is used from one thread only, so its locks stay off; other threads reach the loop
 * through a list under a mutex and an eventfd that wakes it.
 */
#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "net/loop_base.h"

struct post {
    struct post *next;
    void (*run)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    pthread_mutex_t lock; /* first and last */
    struct post *first;
    struct post **last;
    bool is_stopping; /* loop thread only */
};

struct loop_timer {
    struct event *event;
    void (*run)(void *arg);
    void *arg;
};

struct loop_watch {
    struct event *event;
    struct loop *loop;
    int fd;
    unsigned wanted;
    void (*ready)(void *arg, unsigned what);
    void *arg;
};

static struct post *take_posts(struct loop *loop)
{
    struct post *posts;

    pthread_mutex_lock(&loop->lock);
    posts = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);
    return posts;
}

static void run_posts(struct loop *loop)
{
    struct post *post = take_posts(loop);

    while (post) {
        struct post *next = post->next;

        post->run(post->arg);
        free(post);
        post = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;

    (void)what;
    (void)!read(fd, &count, sizeof count); /* whatever it says, the list knows */
    run_posts(arg);
}

bool loop_new(struct loop **ret, struct err *err)
{
    autofree(loop) struct loop *loop = xcalloc(1, sizeof *loop);
    struct event_config *config = event_config_new();

    loop->wake_fd = -1;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    if (config) {
        (void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!loop->base)
        return fail(err, ERR_INTERNAL, "could not make an event loop");
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_fd < 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not make an event loop");
    loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    if (!loop->wake || event_add(loop->wake, NULL) != 0)
        return fail(err, ERR_INTERNAL, "could not make an event loop");
    *ret = take(&loop);
    return true;
}

void loop_free(struct loop *loop)
{
    struct post *post;

    if (!loop)
        return;
    post = take_posts(loop);
    while (post) {
        struct post *next = post->next;

        free(post);
        post = next;
    }
    if (loop->wake)
        event_free(loop->wake);
    fd_close(loop->wake_fd);
    if (loop->base)
        event_base_free(loop->base);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_run(struct loop *loop)
{
    loop->is_stopping = false;
    while (!loop->is_stopping)
        (void)event_base_loop(loop->base, EVLOOP_ONCE);
    run_posts(loop);
}

static void do_nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

void loop_run_once(struct loop *loop, int64_t timeout_ms)
{
    struct timeval wait = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    struct event *limit = event_new(loop->base, -1, 0, do_nothing, NULL);

    if (limit)
        (void)event_add(limit, &wait);
    (void)event_base_loop(loop->base, EVLOOP_ONCE);
    if (limit)
        event_free(limit);
}

static void stop_now(void *arg)
{
    struct loop *loop = arg;

    loop->is_stopping = true;
}

void loop_stop(struct loop *loop)
{
    loop_post(loop, stop_now, loop);
}

void loop_post(struct loop *loop, void (*run)(void *arg), void *arg)
{
    struct post *post = xcalloc(1, sizeof *post);
    uint64_t one = 1;
    bool was_empty;

    post->run = run;
    post->arg = arg;
    pthread_mutex_lock(&loop->lock);
    was_empty = loop->first == NULL;
    *loop->last = post;
    loop->last = &post->next;
    pthread_mutex_unlock(&loop->lock);
    if (was_empty)
        (void)!write(loop->wake_fd, &one, sizeof one); /* fails only if it is awake anyway */
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd;
    (void)what;
    timer->run(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*run)(void *arg), void *arg)
{
    struct loop_timer *timer = xcalloc(1, sizeof *timer);

    timer->run = run;
    timer->arg = arg;
    timer->event = event_new(loop->base, -1, 0, on_timer, timer);
    ASSERT(timer->event);
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t after_ms)
{
    struct timeval wait = { .tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000 };

    (void)event_add(timer->event, &wait);
}

void loop_timer_stop(struct loop_timer *timer)
{
    (void)event_del(timer->event);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return;
    event_free(timer->event);
    free(timer);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *watch = arg;
    unsigned told = 0;

    (void)fd;
    if (what & EV_READ)
        told |= LOOP_READ;
    if (what & EV_WRITE)
        told |= LOOP_WRITE;
    watch->ready(watch->arg, told);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned wanted,
    void (*ready)(void *arg, unsigned what), void *arg)
{
    struct loop_watch *watch = xcalloc(1, sizeof *watch);

    watch->loop = loop;
    watch->fd = fd;
    watch->ready = ready;
    watch->arg = arg;
    watch->event = event_new(loop->base, fd, EV_PERSIST, on_ready, watch);
    ASSERT(watch->event);
    loop_watch_set(watch, wanted);
    return watch;
}

void loop_watch_set(struct loop_watch *watch, unsigned wanted)
{
    int what = EV_PERSIST;

    if (wanted == watch->wanted)
        return;
    watch->wanted = wanted;
    (void)event_del(watch->event);
    if (wanted & LOOP_READ)
        what |= EV_READ;
    if (wanted & LOOP_WRITE)
        what |= EV_WRITE;
    if (wanted == 0)
        return;
    (void)event_assign(watch->event, watch->loop->base, watch->fd, (short)what, on_ready, watch);
    (void)event_add(watch->event, NULL);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (!watch)
        return;
    event_free(watch->event);
    free(watch);
}
