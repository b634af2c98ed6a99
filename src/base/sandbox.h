/*
 * base/sandbox: give up what a process will never need, for good.
 *
 * Two nets. Landlock says which files may still be opened; what is beyond it fails with EACCES. On
 * a kernel without it (before 5.13, or switched off) that net is missing: a warning is logged and
 * life goes on. Seccomp says which system calls there are; any other kills the process at once, so
 * that an attempt is seen and not retried. Both survive execve() and cannot be undone.
 *
 * Called when everything is set up, and before the first byte of a stranger is read. All threads
 * that exist are bound by seccomp, but only the calling one, and those it starts, by Landlock: call
 * it before there are others.
 */
#pragma once

#include "base/base.h"

struct err;

/* Is this a build with AddressSanitizer or ThreadSanitizer? They need a little more (see the .c).
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZING 1
#endif
#endif
#ifndef SANDBOX_SANITIZING
#define SANDBOX_SANITIZING 0
#endif

enum sandbox_access {
    SANDBOX_READ = 1 << 0,  /* open files for reading, list directories */
    SANDBOX_WRITE = 1 << 1, /* change files, make and remove them, rename them */
    SANDBOX_EXEC = 1 << 2,
};

struct sandbox_path {
    const char *path; /* a file, or a directory and everything below it */
    unsigned access;  /* of enum sandbox_access */
};

struct sandbox_files {
    const struct sandbox_path *paths; /* those that do not exist are skipped */
    size_t n_paths;

    /*
     * A directory that stays out of reach though one of `paths` lies above it; NULL: none. What
     * lies beside it is allowed as it was at the time of the call: entries made later in a
     * directory above it are not reachable.
     */
    const char *except;

    bool no_tcp; /* neither listen nor connect by TCP (Linux 6.7) */
};

/* Landlock. *ret_is_bound, which may be NULL, tells whether this kernel could. */
bool sandbox_files(const struct sandbox_files *files, bool *ret_is_bound, struct err *err)
    must_check;

/*
 * What is left to a process, from loosest to tightest:
 *   SERVER      everything but what no server needs: debugging others, modules, mounts, keyrings,
 *               other namespaces, io_uring, BPF
 *   PROBER      sockets, threads, reading files; no exec, no file opened for writing
 *   VAULT_KEYS  no network; files as Landlock leaves them; until the master key is loaded
 *   VAULT       computing, and speaking on descriptors that are open already
 *   IMPORTER    the same as VAULT
 *   TOKEN       what SERVER may, but for starting programs, which is refused
 * A profile may be followed by a tighter one.
 */
enum sandbox_profile {
    SANDBOX_SERVER,
    SANDBOX_PROBER,
    SANDBOX_VAULT_KEYS,
    SANDBOX_VAULT,
    SANDBOX_IMPORTER,
    SANDBOX_TOKEN,
};

/* Seccomp. ERR_UNAVAILABLE where the kernel has none: nothing then runs without it. */
bool sandbox_calls(enum sandbox_profile profile, struct err *err) must_check;

/* The highest Landlock version that this kernel and certdesk share; 0 is none. */
int sandbox_landlock_version(void);
