/* base/subprocess: a child gets the descriptors it was given, and no others. */
#include "testing.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/subprocess.h"

static char *const no_env[] = { NULL };

/* Run a shell line with its output on a pipe, and give back what it wrote. */
static void run(const char *line, const struct subprocess_fd *more, size_t n_more, struct buf *out)
{
    char shell[] = "sh", flag[] = "-c", text[256];
    char *const argv[] = { shell, flag, text, NULL };
    struct subprocess_fd fds[SUBPROCESS_FDS_MAX];
    int ends[2], status = -1;
    pid_t pid = 0;
    struct err err = { 0 };
    uint8_t chunk[4096];
    ssize_t n;

    span_copy_text(span_text(line), text, sizeof text);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fds[0] = (struct subprocess_fd){ ends[1], 1 };
    for (size_t i = 0; i < n_more; i++)
        fds[i + 1] = more[i];
    struct subprocess_conf conf = { "/bin/sh", argv, no_env, fds, n_more + 1 };

    assert_works(subprocess_spawn(&conf, &pid, &err), &err);
    fd_close(ends[1]);
    while ((n = read(ends[0], chunk, sizeof chunk)) > 0)
        buf_add(out, chunk, (size_t)n);
    fd_close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_child_gets_only_what_is_listed(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(4096);
    autoclose int low = fcntl(STDERR_FILENO, F_DUPFD, 9);
    autoclose int high = fcntl(STDERR_FILENO, F_DUPFD, 40);
    char line[128];

    (void)snprintf(line, sizeof line,
        "for fd in 0 2 %d %d; do test -e /proc/$$/fd/$fd && echo $fd; done; true", low, high);
    run(line, NULL, 0, &out);
    assert_string_equal(buf_text(&out), "0\n2\n");
}

static void descriptors_may_change_places(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(4096);
    int a = open("/dev/null", O_RDONLY | O_CLOEXEC), b = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    struct subprocess_fd swapped[] = { { a, b }, { b, a } };
    char line[128];

    (void)snprintf(line, sizeof line, "readlink /proc/self/fd/%d /proc/self/fd/%d", a, b);
    run(line, swapped, 2, &out);
    assert_string_equal(buf_text(&out), "/dev/zero\n/dev/null\n");
    fd_close(a);
    fd_close(b);
}

static void signals_are_at_their_defaults(void **state)
{
    (void)state;
    autodone(buf) struct buf out = BUF_INIT(4096);
    sigset_t all, before;

    (void)sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_BLOCK, &all, &before), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    /* 32 and 33 are the C library's own. */
    run("grep -cE 'SigBlk:.0*$|SigIgn:.0{7}[01]80000000$|SigIgn:.0*$' /proc/self/status", NULL, 0,
        &out);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(buf_text(&out), "2\n");
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    char word[] = "nothing";
    char *const argv[] = { word, NULL };
    struct subprocess_conf conf = { "/nowhere/nothing", argv, no_env, NULL, 0 };
    struct err err = { 0 };
    pid_t pid = 0;

    assert_fails(subprocess_spawn(&conf, &pid, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "/nowhere/nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_only_what_is_listed),
        cmocka_unit_test(descriptors_may_change_places),
        cmocka_unit_test(signals_are_at_their_defaults),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
