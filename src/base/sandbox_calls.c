/*
 * The system calls of each profile of base/sandbox, and the seccomp filter made of them.
 *
 * A table row is one call, with at most one condition on its arguments; several rows of one call
 * are alternatives. Calls that glibc tries and does without get an error instead of death.
 *
 * Under a sanitizer a little more is allowed, so that it can say what it found: files are opened
 * for reading, and the leak checker may stop the threads of a server. Nothing else changes, and the
 * tests know which builds these are.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

enum condition {
    ALWAYS,
    ARG0_IS,      /* the first argument is `value` */
    ARG1_IS,      /* the second is */
    ARG2_LACKS,   /* the third has none of these bits */
    ARG0_HAS,     /* the first has all of these bits */
    ARG0_IS_SELF, /* the first is this process's id */
    REFUSE,       /* not allowed, but survived: errno is `value` */
};

struct call {
    int number;
    enum condition condition;
    uint64_t value;
};

#define CALL(name)                                                                                 \
    {                                                                                              \
        SCMP_SYS(name), ALWAYS, 0                                                                  \
    }
#define CALL_IF(name, condition, value)                                                            \
    {                                                                                              \
        SCMP_SYS(name), condition, (uint64_t)(value)                                               \
    }
#define END                                                                                        \
    {                                                                                              \
        0, ALWAYS, UINT64_MAX                                                                      \
    }

#define NOT_WRITING ((uint64_t)(O_ACCMODE | O_CREAT | O_TRUNC))

/* Memory, time, threads' locks, and descriptors that are open already. */
static const struct call computing[] = { CALL(read), CALL(readv), CALL(pread64), CALL(write),
    CALL(writev), CALL(close), CALL(lseek), CALL(recvmsg), CALL(recvfrom), CALL(sendmsg),
    CALL(sendto), CALL(shutdown), CALL(poll), CALL(ppoll), CALL(fstat), CALL(newfstatat),
    CALL(fcntl), CALL_IF(mmap, ARG2_LACKS, PROT_EXEC), CALL_IF(mprotect, ARG2_LACKS, PROT_EXEC),
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(mlock2), CALL(munlock), CALL(brk),
    CALL(futex), CALL(sched_yield), CALL(sched_getaffinity), CALL(set_robust_list), CALL(rseq),
    CALL(membarrier), CALL(getrandom), CALL(clock_gettime), CALL(clock_getres),
    CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(rt_sigprocmask),
    CALL(rt_sigaction), CALL(rt_sigreturn), CALL(sigaltstack), CALL(restart_syscall), CALL(getpid),
    CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
    CALL_IF(tgkill, ARG0_IS_SELF, 0), CALL_IF(prlimit64, ARG2_LACKS, UINT64_MAX), CALL(sysinfo),
    CALL(uname), CALL(exit), CALL(exit_group), CALL_IF(prctl, ARG0_IS, PR_SET_NAME),
    CALL_IF(prctl, ARG0_IS, PR_SET_VMA), CALL_IF(clone3, REFUSE, ENOSYS), END };

/* stdio asks whether it speaks to a terminal; the prober makes sockets non-blocking. */
static const struct call quiet_ioctl[] = { CALL_IF(ioctl, REFUSE, ENOTTY), END };
static const struct call socket_ioctl[] = { CALL_IF(ioctl, ARG1_IS, FIONBIO),
    CALL_IF(ioctl, ARG1_IS, FIONREAD), END };

static const struct call reading_files[] = { CALL_IF(openat, ARG2_LACKS, NOT_WRITING), CALL(statx),
    CALL(getdents64), CALL(getcwd), CALL(readlink), CALL(readlinkat), CALL(access), CALL(faccessat),
    CALL(faccessat2), CALL(stat), CALL(lstat), CALL(statfs), CALL(fstatfs), END };

/* The key directory, as far as Landlock leaves it; and the way into the next profile. */
static const struct call keeping_keys[] = { CALL(openat), CALL(link), CALL(linkat), CALL(rename),
    CALL(renameat), CALL(renameat2), CALL(unlink), CALL(unlinkat), CALL(fsync), CALL(fchmod),
    CALL(access), CALL(faccessat), CALL(faccessat2), CALL(flock), CALL(seccomp),
    CALL_IF(prctl, ARG0_IS, PR_SET_NO_NEW_PRIVS), CALL_IF(prctl, ARG0_IS, PR_GET_SECCOMP), END };

static const struct call threads[] = { CALL_IF(clone, ARG0_HAS, CLONE_THREAD), END };

static const struct call network[] = { CALL_IF(socket, ARG0_IS, AF_INET),
    CALL_IF(socket, ARG0_IS, AF_INET6), CALL(connect), CALL(bind), CALL(getsockname),
    CALL(getpeername), CALL(getsockopt), CALL(setsockopt), CALL(sendmmsg), CALL(recvmmsg),
    CALL(epoll_create1), CALL(epoll_create), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(eventfd2), CALL(pipe2), CALL(timerfd_create), CALL(timerfd_settime),
    CALL(select), CALL(pselect6), CALL(dup), END };

/* What no server needs. Everything else is a server's. */
static const struct call never_in_server[] = { CALL(process_vm_readv), CALL(process_vm_writev),
    CALL(kexec_load), CALL(kexec_file_load), CALL(init_module), CALL(finit_module),
    CALL(delete_module), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot),
    CALL(move_mount), CALL(open_tree), CALL(fsopen), CALL(fsmount), CALL(add_key),
    CALL(request_key), CALL(keyctl), CALL(unshare), CALL(setns), CALL(bpf), CALL(perf_event_open),
    CALL(userfaultfd), CALL(io_uring_setup), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(acct),
    CALL(settimeofday), CALL(clock_settime), CALL(adjtimex), CALL(clock_adjtime),
    CALL(open_by_handle_at), CALL(lookup_dcookie), CALL(quotactl),
#if !SANDBOX_SANITIZING
    CALL(ptrace),
#endif
    END };

static const struct call running_programs[] = { CALL_IF(execve, REFUSE, EPERM),
    CALL_IF(execveat, REFUSE, EPERM), END };

#if SANDBOX_SANITIZING
static const struct call sanitizer[] = { CALL_IF(openat, ARG2_LACKS, NOT_WRITING), CALL(readlink),
    CALL(getdents64), CALL(dup), CALL(gettimeofday), END };
#else
static const struct call sanitizer[] = { END };
#endif

struct profile {
    bool allows; /* else its tables are what is forbidden */
    const struct call *tables[8];
};

static const struct profile profiles[] = {
    [SANDBOX_SERVER] = { false, { never_in_server } },
    [SANDBOX_PROBER] = { true,
        { computing, socket_ioctl, reading_files, threads, network, sanitizer } },
    [SANDBOX_VAULT_KEYS] = { true, { computing, quiet_ioctl, keeping_keys, sanitizer } },
    [SANDBOX_VAULT] = { true, { computing, quiet_ioctl, sanitizer } },
    [SANDBOX_IMPORTER] = { true, { computing, quiet_ioctl, sanitizer } },
    [SANDBOX_TOKEN] = { false, { never_in_server, running_programs } },
};

static int add_if(scmp_filter_ctx filter, uint32_t action, int number,
    struct scmp_arg_cmp condition)
{
    return seccomp_rule_add_array(filter, action, number, 1, &condition);
}

static int add_call(scmp_filter_ctx filter, uint32_t action, const struct call *call)
{
    uint64_t v = call->value;

    switch (call->condition) {
    case ALWAYS:
        return seccomp_rule_add_array(filter, action, call->number, 0, NULL);
    case ARG0_IS:
        return add_if(filter, action, call->number, (struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, v, 0 });
    case ARG1_IS:
        return add_if(filter, action, call->number, (struct scmp_arg_cmp){ 1, SCMP_CMP_EQ, v, 0 });
    case ARG2_LACKS:
        return add_if(filter, action, call->number,
            (struct scmp_arg_cmp){ 2, SCMP_CMP_MASKED_EQ, v, 0 });
    case ARG0_HAS:
        return add_if(filter, action, call->number,
            (struct scmp_arg_cmp){ 0, SCMP_CMP_MASKED_EQ, v, v });
    case ARG0_IS_SELF:
        v = (uint64_t)getpid();
        return add_if(filter, action, call->number, (struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, v, 0 });
    case REFUSE:
        return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)v), call->number, 0, NULL);
    }
    return -EINVAL;
}

static int add_profile(scmp_filter_ctx filter, const struct profile *profile)
{
    uint32_t action = profile->allows ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;

    for (size_t t = 0; t < countof(profile->tables) && profile->tables[t]; t++) {
        for (const struct call *call = profile->tables[t];
             call->value != UINT64_MAX || call->condition != ALWAYS; call++) {
            int result = add_call(filter, action, call);

            /* EDOM: this machine's architecture has no such call. */
            if (result != 0 && result != -EDOM && result != -EEXIST)
                return result;
        }
    }
    return 0;
}

bool sandbox_calls(enum sandbox_profile profile, struct err *err)
{
    const struct profile *p = &profiles[profile];
    scmp_filter_ctx filter = seccomp_init(p->allows ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);
    int result = filter ? 0 : -ENOMEM;

    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result == 0)
        result = add_profile(filter, p);
    if (result == 0)
        result = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    if (result == 0)
        return true;
    errno = -result;
    return fail_errno(err, ERR_UNAVAILABLE, "could not enter the seccomp sandbox");
}
