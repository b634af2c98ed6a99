/* daemon/hang: what hangs is told from what is only slow. */
#include "testing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/hang.h"

/* It waits for what never comes. */
static pid_t start_idler(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)pause();
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
    return pid;
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* This process uses some time: a fiftieth of what the test calls a second. */
static void work(void)
{
    struct timespec begun, now;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun), 0);
    do
        assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    while ((now.tv_sec - begun.tv_sec) * 1000000000 + now.tv_nsec - begun.tv_nsec < 20000000);
}

static void one_that_does_nothing_hangs(void **state)
{
    (void)state;
    struct hang hang = { 0 };
    pid_t pid = start_idler();

    for (int64_t at = 100000; at < 100000 + HANG_IDLE_MS; at += 1000)
        assert_false(hang_is_certain(&hang, pid, 15000, at));
    assert_true(hang_is_certain(&hang, pid, 15000, 100000 + HANG_IDLE_MS));
    end(pid);
}

static void one_that_works_is_left_alone_up_to_a_limit(void **state)
{
    (void)state;
    struct hang hang = { 0 };
    int64_t at = 100000;

    for (; at < 120000; at += 1000) {
        work();
        assert_false(hang_is_certain(&hang, getpid(), 15000, at));
    }
    work();
    assert_false(hang_is_certain(&hang, getpid(), HANG_SILENT_MS - 1, at));
    assert_true(hang_is_certain(&hang, getpid(), HANG_SILENT_MS, at + 1000));
}

static void after_a_pause_it_is_looked_at_anew(void **state)
{
    (void)state;
    struct hang hang = { 0 };
    pid_t pid = start_idler();

    /* The machine slept in between: nobody did anything. */
    assert_false(hang_is_certain(&hang, pid, 15000, 100000));
    assert_false(hang_is_certain(&hang, pid, 15000, 160000));
    assert_false(hang_is_certain(&hang, pid, 15000, 161000));
    end(pid);
}

static void another_process_does_not_inherit_the_suspicion(void **state)
{
    (void)state;
    struct hang hang = { 0 };
    pid_t first = start_idler(), second = start_idler();

    for (int64_t at = 100000; at < 100000 + HANG_IDLE_MS; at += 1000)
        assert_false(hang_is_certain(&hang, first, 15000, at));
    assert_false(hang_is_certain(&hang, second, 15000, 100000 + HANG_IDLE_MS));
    end(first);
    end(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_does_nothing_hangs),
        cmocka_unit_test(one_that_works_is_left_alone_up_to_a_limit),
        cmocka_unit_test(after_a_pause_it_is_looked_at_anew),
        cmocka_unit_test(another_process_does_not_inherit_the_suspicion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
