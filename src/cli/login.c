/*
 * cli: certdesk login URL.
 *
 * Asks for user and password, signs in, has a token made, and keeps that; the password is
 * forgotten. Or takes a token from a file. Neither is ever an argument, where others could read it.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"

#define LINE_MAX_BYTES ASK_LINE_MAX
#define TOKEN_DAYS 90

static int usage(void)
{
    fputs("usage: certdesk login URL [--user NAME] [--token-file FILE|-]\n", stderr);
    return CLI_USAGE;
}

static bool sign_in(struct remote *remote, const char *user, struct json **me, struct err *err)
{
    autodone(buf) struct buf name = BUF_INIT(LINE_MAX_BYTES);
    autodone(buf) struct buf password = BUF_INIT_SECRET(LINE_MAX_BYTES);
    autodone(buf) struct buf body = BUF_INIT_SECRET(2 * LINE_MAX_BYTES);
    struct json_out out;

    if (user)
        buf_add_text(&name, user);
    else if (!ask_line("user", false, &name, err))
        return false;
    if (!ask_line("password", true, &password, err))
        return false;
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "username", buf_text(&name));
    json_str(&out, "password", buf_text(&password));
    json_end(&out);
    if (!remote_call(remote, "POST", "/session", buf_text(&body), me, err))
        return false;
    remote_set_session(remote, remote_cookie(remote), json_as_text(json_member(*me, "csrf_token")));
    return true;
}

static bool make_token(struct remote *remote, const struct json *me, struct buf *token,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(4096);
    autofree(json) struct json *made = NULL;
    autofree(json) struct json *ended = NULL;
    const char *role = json_as_text(json_member(me, "role"));
    char host[65] = "";
    char name[128];
    struct json_out out;

    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(name, sizeof name, "certdesk login on %s", host);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "name", name);
    json_begin_array(&out, "scopes");
    json_str(&out, NULL, role && strcmp(role, "admin") == 0 ? "admin" : "write");
    json_end(&out);
    json_time(&out, "expires_at", clock_now() + TOKEN_DAYS * SECONDS_PER_DAY);
    json_end(&out);
    if (!remote_call(remote, "POST", "/tokens", buf_text(&body), &made, err))
        return false;
    buf_add_text(token, json_as_text(json_member(made, "token")));
    return remote_call(remote, "DELETE", "/session", NULL, &ended, err);
}

static bool read_token(const char *file, struct buf *token, struct err *err)
{
    if (strcmp(file, "-") == 0)
        return ask_line("token", true, token, err);
    if (!fs_read(file, token, err))
        return false;
    while (token->size && strchr("\r\n ", token->data[token->size - 1]))
        token->data[--token->size] = '\0';
    return true;
}

static bool is_in_clear(const char *url)
{
    return strncmp(url, "http://", 7) == 0 && strncmp(url, "http://127.", 11) != 0 &&
           strncmp(url, "http://localhost", 16) != 0 && strncmp(url, "http://[::1]", 12) != 0;
}

static bool login(const char *url, const char *user, const char *token_file, struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    autofree(json) struct json *signed_in = NULL;
    autofree(json) struct json *me = NULL;
    autodone(buf) struct buf token = BUF_INIT_SECRET(LINE_MAX_BYTES);

    if (is_in_clear(url))
        fputs("certdesk: warning: password and token go to this server without encryption\n",
            stderr);
    if (!remote_open_at(url, NULL, &remote, err))
        return false;
    if (token_file) {
        if (!read_token(token_file, &token, err))
            return false;
    } else if (!sign_in(remote, user, &signed_in, err) ||
               !make_token(remote, signed_in, &token, err)) {
        return false;
    }
    remote_set_token(remote, buf_text(&token));
    if (!remote_call(remote, "GET", "/me", NULL, &me, err) ||
        !remote_keep(url, buf_text(&token), err))
        return false;
    autofree(str) char *name = output_text(me, "name");
    autofree(str) char *role = output_text(me, "role");

    printf("signed in to %s as %s (%s)\n", url, name, role);
    return true;
}

int cli_login(int argc, char **argv)
{
    static const struct option options[] = { { "user", required_argument, NULL, 'u' },
        { "token-file", required_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, { 0 } };
    const char *user = NULL;
    const char *token_file = NULL;
    struct err err = { 0 };
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) !=
           -1) { /* NOLINT(concurrency-mt-unsafe) */
        if (option == 'u')
            user = optarg;
        else if (option == 't')
            token_file = optarg;
        else
            return usage();
    }
    if (optind != argc - 1)
        return usage();
    return login(argv[optind], user, token_file, &err) ? CLI_OK : output_fail(&err);
}
