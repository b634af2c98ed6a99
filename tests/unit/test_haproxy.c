/* F32: what HAProxy's answers mean, and which paths of the host a resource may name. */
#include "testing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "deploy/deploy.h"
#include "deploy/file.h"
#include "deploy/haproxy/answer.h"
#include "deploy/pem.h"

static const struct {
    const char *text;
    bool is_known;
    bool is_there;
    const char *serial;
    const char *name;
} certs[] = {
    { "Filename: a\nStatus: Used\nSerial: 0A1B\nnotAfter: Dec 21 15:25:22 2026 GMT\n"
      "SHA1 FingerPrint: 87535A5E0006E81B54968152D6C8E011DED315E6\nSubject: /CN=a\n\n",
        true, true, "0a1b", "/CN=a, until Dec 21 15:25:22 2026 GMT" },
    { "Filename: a\nStatus: Empty\nOCSP Response Key: \n\n", true, false, "", "" },
    { "Filename: a\nSerial: 000001\n", true, true, "01", "01" },
    { "Filename: a\nSerial: 12G4\n", true, false, "", "" },
    { "Can't display the certificate: Not found or the certificate is a bundle!\n", false, false,
        "", "" },
    { "", false, false, "", "" },
};

static void a_certificate_is_read_as_it_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(certs); i++) {
        struct deploy_current now;

        assert_int_equal(answer_read_cert(span_text(certs[i].text), &now), certs[i].is_known);
        assert_int_equal(now.is_there, certs[i].is_there);
        assert_string_equal(now.serial, certs[i].serial);
        assert_string_equal(now.name, certs[i].name);
    }
}

static void names_and_open_transactions_are_told_apart(void **state)
{
    struct span rest = SPAN_LITERAL("# transaction\n*/b.pem\n# filename\n/a.pem\n\n");
    struct answer_name one;

    (void)state;
    assert_true(answer_next_name(&rest, &one));
    assert_true(one.is_open && span_is(one.name, "/b.pem"));
    assert_true(answer_next_name(&rest, &one));
    assert_true(!one.is_open && span_is(one.name, "/a.pem"));
    assert_false(answer_next_name(&rest, &one));
    assert_true(
        span_is(answer_transaction(SPAN_LITERAL("Transaction updated for certificate /a.pem!\n")),
            "/a.pem"));
    assert_int_equal(answer_transaction(SPAN_LITERAL("Can't update /a.pem!\n")).size, 0);
}

static void what_was_sent_is_not_said_back(void **state)
{
    const struct span sent = SPAN_LITERAL("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n");
    char said[ANSWER_SAID_MAX];

    (void)state;
    answer_said(SPAN_LITERAL("Unknown command: 'MIGHAgEAMBMGByqGSM49'\nhelp\n"), sent, said);
    assert_string_equal(said, "Unknown command: (\xe2\x80\xa6) help");
    answer_said(SPAN_LITERAL("bad \x01 MBMGByqGSM49AgEA"), sent, said);
    assert_null(strstr(said, "MBMGByqG"));
    answer_said(SPAN_EMPTY, sent, said);
    assert_string_equal(said, "nothing");
}

static void chain_and_key_are_one_pem_of_lines(void **state)
{
    uint8_t bytes[100];

    (void)state;
    for (size_t size = 1; size < sizeof bytes; size++) {
        memset(bytes, 'x', sizeof bytes);
        autofree(secret) struct secret *key = secret_new(span_of(bytes, size));
        const struct deploy_material material = { .chain_pem = SPAN_LITERAL("CHAIN\n"),
            .pkcs8 = key };
        autofree(secret) struct secret *pem = deploy_pem(&material);
        autofree(str) char *text = span_dup(secret_span(pem));

        assert_int_equal(strlen(text), secret_size(pem));
        assert_null(strstr(text, "\n\n"));
        assert_int_equal(strncmp(text, "CHAIN\n-----BEGIN PRIVATE KEY-----\neHh4", 38) == 0,
            size > 2);
        assert_non_null(strstr(text, "\n-----END PRIVATE KEY-----\n"));
    }
}

static struct deploy_host *host_of(const char *directories)
{
    autofree(str) char *text = xasprintf("[deploy]\ndirectories = %s\n", directories);
    autofree(conf) struct conf *conf = NULL;
    struct deploy_host *host = NULL;
    struct err err = { 0 };

    assert_works(conf_load_text("test", span_text(text), &conf, &err), &err);
    assert_works(deploy_host_new(conf, &host, &err), &err);
    return host;
}

static void paths_lead_below_what_the_host_allows(void **state)
{
    char base[] = "/tmp/certdesk-deploy-XXXXXX";
    struct err err = { 0 };

    (void)state;
    assert_non_null(mkdtemp(base));
    autofree(str) char *inside = xasprintf("%s/in", base);
    autofree(str) char *file = xasprintf("%s/a.pem", inside);
    autofree(str) char *beside = xasprintf("%s/inside.pem", base);
    autofree(str) char *link_to_etc = xasprintf("%s/etc", inside);
    autofree(str) char *through = xasprintf("%s/passwd", link_to_etc);
    autofree(str) char *climbs = xasprintf("%s/../x.pem", inside);
    autofree(deploy_host) struct deploy_host *host = host_of(inside);
    autofree(deploy_host) struct deploy_host *none = host_of("");

    assert_int_equal(mkdir(inside, 0700), 0);
    assert_int_equal(symlink("/etc", link_to_etc), 0);
    assert_works(deploy_host_permit_path(host, file, &err), &err);
    assert_fails(deploy_host_permit_path(host, beside, &err), &err, ERR_DENIED);
    assert_fails(deploy_host_permit_path(host, inside, &err), &err, ERR_DENIED);
    assert_fails(deploy_host_permit_path(host, through, &err), &err, ERR_DENIED);
    assert_fails(deploy_host_permit_path(host, climbs, &err), &err, ERR_DENIED);
    assert_fails(deploy_host_permit_path(host, "a.pem", &err), &err, ERR_DENIED);
    assert_fails(deploy_host_permit_path(none, file, &err), &err, ERR_DENIED);
    assert_int_equal(unlink(link_to_etc), 0);
    assert_int_equal(rmdir(inside), 0);
    assert_int_equal(rmdir(base), 0);
}

static void a_staged_file_takes_the_place_and_mode_of_the_old_one(void **state)
{
    char base[] = "/tmp/certdesk-deploy-XXXXXX";
    struct err err = { 0 };
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(base));
    autofree(str) char *path = xasprintf("%s/a.pem", base);
    autofree(str) char *temporary = xasprintf("%s/.a.pem.certdesk-new", base);

    {
        autodone(staged_file) struct staged_file file = { 0 };

        assert_works(staged_file_write(&file, path, SPAN_LITERAL("one"), &err), &err);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(access(temporary, F_OK), 0);
    }
    assert_int_not_equal(access(temporary, F_OK), 0);
    for (int i = 0; i < 2; i++) {
        autodone(staged_file) struct staged_file file = { 0 };

        assert_works(staged_file_write(&file, path, SPAN_LITERAL("two"), &err), &err);
        assert_works(staged_file_install(&file, &err), &err);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, i ? 0640 : 0600);
        assert_int_equal(chmod(path, 0644), 0); /* more than a key's file should be */
    }
    autodone(staged_file) struct staged_file refused = { 0 };

    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_fails(staged_file_write(&refused, path, SPAN_LITERAL("x"), &err), &err, ERR_CONFLICT);
    assert_int_equal(unlink(path), 0);
    staged_file_done(&refused);
    refused = (struct staged_file){ 0 };
    assert_int_equal(rmdir(base), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_read_as_it_is_shown),
        cmocka_unit_test(names_and_open_transactions_are_told_apart),
        cmocka_unit_test(what_was_sent_is_not_said_back),
        cmocka_unit_test(chain_and_key_are_one_pem_of_lines),
        cmocka_unit_test(paths_lead_below_what_the_host_allows),
        cmocka_unit_test(a_staged_file_takes_the_place_and_mode_of_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
