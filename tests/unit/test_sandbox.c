/*
 * base/sandbox: a forbidden call kills, a forbidden file stays shut, and what is needed works.
 *
 * Every case runs in a child, which enters a profile, does one thing, and exits with 0 if it could.
 */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/rand.h"
#include "base/sandbox.h"

static bool opens_internet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool opens_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool listens(void)
{
    return listen(0, 1) == 0;
}

static bool execs(void)
{
    char word[] = "true";
    char *const words[] = { word, NULL };

    return execv("/bin/true", words) == 0;
}

static bool forks(void)
{
    return syscall(SYS_fork) >= 0;
}

static bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool opens_for_writing(void)
{
    return open("/tmp/certdesk-sandbox-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}

static bool opens_for_reading(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool removes(void)
{
    return unlink("/tmp/certdesk-sandbox-test-that-never-was") == 0 || errno == ENOENT;
}

static bool makes_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool becomes_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool kills_another(void)
{
    return kill(getppid(), 0) == 0;
}

static bool reads_other_memory(void)
{
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL) == 0;
}

static bool mounts(void)
{
    return syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0UL, NULL) == 0;
}

static bool starts_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static bool computes(void)
{
    uint8_t *block = xmalloc(8u << 20);
    uint8_t bytes[16];

    memset(block, 1, 8u << 20);
    rand_bytes(bytes, sizeof bytes);
    fprintf(stderr, "%d\r", (int)(bytes[0] & block[17]));
    free(block);
    return write(STDERR_FILENO, "", 0) == 0;
}

static void *run_thread(void *arg)
{
    return arg;
}

static bool starts_a_thread(void)
{
    pthread_t thread;
    void *came_back = NULL;
    int argument = 0;

    return pthread_create(&thread, NULL, run_thread, &argument) == 0 &&
           pthread_join(thread, &came_back) == 0 && came_back == &argument;
}

static bool polls_sockets(void)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct epoll_event event = { .events = EPOLLIN };

    return set >= 0 && fd >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool aborts(void)
{
    abort();
}

/* The child's wait status after it has entered `profile` and done `act`. */
static int status_of(enum sandbox_profile profile, bool (*act)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = { 0 };

        (void)signal(SIGABRT, SIG_DFL);
        if (!sandbox_calls(profile, &err)) {
            fprintf(stderr, "%s\n", err.msg);
            _exit(100);
        }
        _exit(act() ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

#define P(profile) SANDBOX_##profile, #profile

static const struct {
    enum sandbox_profile profile;
    const char *profile_name;
    const char *what;
    bool (*act)(void);
    bool sanitizers_may; /* allowed in builds with sanitizers */
} forbidden[] = {
    { P(VAULT), "open a socket to the network", opens_internet_socket, false },
    { P(VAULT), "open a socket to this machine", opens_unix_socket, false },
    { P(VAULT), "start a program", execs, false },
    { P(VAULT), "fork", forks, false },
    { P(VAULT), "start a thread", starts_a_thread, false },
    { P(VAULT), "debug", traces, false },
    { P(VAULT), "create a file", opens_for_writing, false },
    { P(VAULT), "open a file", opens_for_reading, true },
    { P(VAULT), "remove a file", removes, false },
    { P(VAULT), "make memory executable", makes_code, false },
    { P(VAULT), "allow core dumps again", becomes_dumpable, false },
    { P(VAULT), "signal another process", kills_another, false },
    { P(VAULT_KEYS), "open a socket to the network", opens_internet_socket, false },
    { P(VAULT_KEYS), "start a program", execs, false },
    { P(VAULT_KEYS), "fork", forks, false },
    { P(VAULT_KEYS), "allow core dumps again", becomes_dumpable, false },
    { P(IMPORTER), "open a socket to the network", opens_internet_socket, false },
    { P(IMPORTER), "open a file", opens_for_reading, true },
    { P(PROBER), "start a program", execs, false },
    { P(PROBER), "fork", forks, false },
    { P(PROBER), "debug", traces, false },
    { P(PROBER), "create a file", opens_for_writing, false },
    { P(PROBER), "remove a file", removes, false },
    { P(PROBER), "listen", listens, false },
    { P(PROBER), "open a socket to this machine", opens_unix_socket, false },
    { P(PROBER), "make memory executable", makes_code, false },
    { P(PROBER), "signal another process", kills_another, false },
    { P(PROBER), "read another's memory", reads_other_memory, false },
    { P(SERVER), "debug", traces, true },
    { P(SERVER), "read another's memory", reads_other_memory, false },
    { P(SERVER), "mount", mounts, false },
    { P(SERVER), "use io_uring", starts_io_uring, false },
};

static void a_forbidden_call_is_fatal(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(forbidden); i++) {
        if (SANDBOX_SANITIZING && forbidden[i].sanitizers_may)
            continue;
        int status = status_of(forbidden[i].profile, forbidden[i].act);

        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s may %s: status %d", forbidden[i].profile_name, forbidden[i].what, status);
    }
}

static const struct {
    enum sandbox_profile profile;
    const char *profile_name;
    const char *what;
    bool (*act)(void);
} allowed[] = {
    { P(VAULT), "compute", computes },
    { P(VAULT_KEYS), "compute", computes },
    { P(VAULT_KEYS), "create a file", opens_for_writing },
    { P(VAULT_KEYS), "remove a file", removes },
    { P(PROBER), "compute", computes },
    { P(PROBER), "open a socket to the network", opens_internet_socket },
    { P(PROBER), "wait for sockets", polls_sockets },
    { P(PROBER), "read a file", opens_for_reading },
    { P(PROBER), "start a thread", starts_a_thread },
    { P(SERVER), "compute", computes },
    { P(SERVER), "start a thread", starts_a_thread },
    { P(SERVER), "fork", forks },
    { P(SERVER), "open a socket to this machine", opens_unix_socket },
};

static void what_is_needed_works(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(allowed); i++) {
        int status = status_of(allowed[i].profile, allowed[i].act);

        if (status != 0)
            fail_msg("%s may not %s: status %d", allowed[i].profile_name, allowed[i].what, status);
    }
    (void)unlink("/tmp/certdesk-sandbox-test");
}

/* An assertion of ours still ends in SIGABRT, not in a puzzle. */
static void an_abort_is_still_an_abort(void **state)
{
    (void)state;
    int status = status_of(SANDBOX_VAULT, aborts);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static bool tightens(void)
{
    struct err err = { 0 };

    return sandbox_calls(SANDBOX_VAULT, &err);
}

static bool tightens_and_creates(void)
{
    return tightens() && opens_for_writing();
}

static void a_profile_can_be_tightened(void **state)
{
    (void)state;
    assert_int_equal(status_of(SANDBOX_VAULT_KEYS, tightens), 0);
    int status = status_of(SANDBOX_VAULT_KEYS, tightens_and_creates);

    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* A directory with vault/key, db/file and other/file below it. */
static char *new_tree(void)
{
    char *root = xstrdup("/tmp/certdesk-sandbox-XXXXXX");
    struct err err = { 0 };
    static const char *const names[] = { "vault", "db", "other" };

    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *dir = xasprintf("%s/%s", root, names[i]);
        autofree(str) char *file = xasprintf("%s/file", dir);

        assert_works(fs_make_dirs(dir, 0700, &err), &err);
        assert_works(fs_create_new(file, SPAN_LITERAL("x"), 0600, &err), &err);
    }
    return root;
}

static bool opens(const char *root, const char *name, int flags)
{
    autofree(str) char *path = xasprintf("%s/%s", root, name);
    autoclose int fd = open(path, flags | O_CLOEXEC, 0600);

    return fd >= 0;
}

/* In the child: 0, or the number of the claim that does not hold. */
static int look_around(const char *root)
{
    if (opens(root, "vault/file", O_RDONLY))
        return 1;
    if (opens(root, "vault/new", O_WRONLY | O_CREAT))
        return 2;
    if (opens(root, "vault", O_RDONLY | O_DIRECTORY))
        return 3;
    if (!opens(root, "db/file", O_RDWR))
        return 4;
    if (!opens(root, "db/new", O_WRONLY | O_CREAT))
        return 5;
    if (!opens(root, "other/file", O_RDONLY))
        return 6;
    if (!opens("/etc", "passwd", O_RDONLY))
        return 7;
    if (opens("/etc", "certdesk-sandbox", O_WRONLY | O_CREAT))
        return 8;
    autofree(str) char *from = xasprintf("%s/vault/file", root);
    autofree(str) char *to = xasprintf("%s/db/stolen", root);

    if (link(from, to) == 0 || rename(from, to) == 0)
        return 9;
    return 0;
}

static void landlock_keeps_a_directory_out_of_reach(void **state)
{
    (void)state;
    if (sandbox_landlock_version() == 0) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    autofree(str) char *root = new_tree();
    autofree(str) char *vault = xasprintf("%s/vault", root);
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct sandbox_path paths[] = { { "/", SANDBOX_READ }, { root, SANDBOX_WRITE },
            { "/nowhere/at/all", SANDBOX_READ } };
        struct sandbox_files files = { .paths = paths, .n_paths = countof(paths), .except = vault };
        struct err err = { 0 };
        bool bound = false;

        if (!sandbox_files(&files, &bound, &err) || !bound)
            _exit(100);
        _exit(look_around(root));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    static const char *const names[] = { "vault/file", "db/file", "db/new", "other/file", "vault",
        "db", "other", "" };

    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *path = xasprintf("%s/%s", root, names[i]);

        assert_int_equal(remove(path), 0);
    }
}

static bool connects_tcp(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons(9),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno != EACCES;
}

static void landlock_can_take_tcp_away(void **state)
{
    (void)state;
    if (sandbox_landlock_version() < 4) {
        print_message("this kernel's Landlock knows nothing of TCP\n");
        skip();
    }
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct sandbox_files files = { .no_tcp = true };
        struct err err = { 0 };

        if (!connects_tcp() || !sandbox_files(&files, NULL, &err))
            _exit(100);
        _exit(connects_tcp() ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forbidden_call_is_fatal),
        cmocka_unit_test(what_is_needed_works),
        cmocka_unit_test(an_abort_is_still_an_abort),
        cmocka_unit_test(a_profile_can_be_tightened),
        cmocka_unit_test(landlock_keeps_a_directory_out_of_reach),
        cmocka_unit_test(landlock_can_take_tcp_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
