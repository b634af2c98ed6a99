/* daemon/children: when a child that died is started again. daemon/datadir: whom it lets in. */
#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "daemon/children.h"
#include "daemon/datadir.h"

static void the_first_death_costs_no_wait_and_further_ones_more_and_more(void **state)
{
    (void)state;
    struct child child = { .role = CHILD_PROBER };
    int64_t now = 1000, last = 0;

    for (int i = 0; i < 20; i++) {
        child.pid = 1;
        child.started_at_ms = now;
        child_ended(&child, false, now);
        assert_int_equal(child.pid, 0);
        int64_t wait = child.start_at_ms - now;

        assert_true(i == 0 ? wait == 0 : wait >= last);
        assert_true(i < 1 || wait >= CHILD_WAIT_FIRST_MS);
        assert_true(wait <= CHILD_WAIT_MAX_MS);
        last = wait;
        now += wait;
    }
    assert_int_equal(last, CHILD_WAIT_MAX_MS);
}

static void a_child_that_has_lived_for_a_while_starts_at_once_again(void **state)
{
    (void)state;
    struct child child = { .role = CHILD_VAULT };

    for (int i = 0; i < 5; i++)
        child_ended(&child, false, 0);
    child.started_at_ms = 0;
    child_ended(&child, false, CHILD_SETTLED_MS);
    assert_int_equal(child.start_at_ms, CHILD_SETTLED_MS);
}

static void ending_with_its_server_is_no_failure(void **state)
{
    (void)state;
    struct child child = { .role = CHILD_VAULT };

    for (int i = 0; i < 5; i++)
        child_ended(&child, true, 0);
    assert_int_equal(child.n_short_lives, 0);
    assert_int_equal(child.start_at_ms, CHILD_WAIT_FIRST_MS);
}

static void remove_all(const char *root)
{
    static const char *const names[] = { "db", "tmp", "vault", "lock", "diary", "" };

    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *path = xasprintf("%s/%s", root, names[i]);

        (void)remove(path);
    }
}

static void a_data_directory_is_made_private_and_locked(void **state)
{
    (void)state;
    char root[] = "/tmp/certdesk-datadir-XXXXXX";
    autodone(datadir) struct datadir dir = { .lock_fd = -1, .key_dir_fd = -1 };
    struct datadir second;
    struct err err = { 0 };
    struct stat st;

    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0);
    assert_works(datadir_open(root, &dir, &err), &err);
    assert_int_equal(stat(root, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(fstat(dir.key_dir_fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(fcntl(dir.lock_fd, F_GETFD) & FD_CLOEXEC);
    assert_fails(datadir_open(root, &second, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "another server");
    remove_all(root);
}

static void a_directory_with_things_in_it_that_others_may_enter_is_left_alone(void **state)
{
    (void)state;
    char root[] = "/tmp/certdesk-datadir-XXXXXX";
    struct datadir dir;
    struct err err = { 0 };
    struct stat st;

    assert_non_null(mkdtemp(root));
    autofree(str) char *diary = xasprintf("%s/diary", root);

    assert_works(fs_create_new(diary, SPAN_LITERAL("dear"), 0600, &err), &err);
    assert_int_equal(chmod(root, 0755), 0);
    assert_fails(datadir_open(root, &dir, &err), &err, ERR_DENIED);
    assert_int_equal(stat(root, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_fails(datadir_open(diary, &dir, &err), &err, ERR_INVALID);
    remove_all(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_death_costs_no_wait_and_further_ones_more_and_more),
        cmocka_unit_test(a_child_that_has_lived_for_a_while_starts_at_once_again),
        cmocka_unit_test(ending_with_its_server_is_no_failure),
        cmocka_unit_test(a_data_directory_is_made_private_and_locked),
        cmocka_unit_test(a_directory_with_things_in_it_that_others_may_enter_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
