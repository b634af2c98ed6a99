/*
 * api/tokens: what programs sign in with. A token is shown once, when it is made; only its hash is
 * kept.
 */
#include "api/tokens.h"

#include <string.h>

#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "store/session.h"

#define MAX_TOKENS 200

void token_make(char field[static TOKEN_SIZE])
{
    uint8_t bytes[20];

    rand_bytes(bytes, sizeof bytes);
    (void)snprintf(field, TOKEN_SIZE, "cdt_");
    hex_encode(span_of(bytes, sizeof bytes), field + 4, TOKEN_SIZE - 4);
    secret_wipe(bytes, sizeof bytes);
}

static void write_token(struct json_out *out, const struct token_row *token)
{
    json_i64(out, "id", token->id);
    json_str(out, "name", token->name);
    json_split(out, "scopes", token->scopes, ' ');
    json_time(out, "created_at", token->created_at);
    json_time_or_null(out, "expires_at", token->expires_at);
    json_time_or_null(out, "used_at", token->used_at);
}

static bool tokens_list(struct api_call *call, struct err *err)
{
    struct token_row *rows[MAX_TOKENS];
    size_t n = 0;

    if (!store_token_list(call->tx, call->who.account_id, MAX_TOKENS, rows, &n, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&call->reply, NULL);
        write_token(&call->reply, rows[i]);
        json_end(&call->reply);
        token_row_free(rows[i]);
    }
    json_end(&call->reply);
    return true;
}

static void read_scopes(struct json_in *in, struct buf *scopes)
{
    size_t n = json_in_array_opt(in, "scopes", 3);
    unsigned ignored;

    for (size_t i = 0; i < n; i++) {
        const char *scope = json_in_item_text(in, "scopes", i, 1, 16);

        if (!scopes_from_text(scope, &ignored))
            json_in_complain(in, "scopes", "\"%s\" is none of read, write and admin", scope);
        buf_add_text(scopes, i ? " " : "");
        buf_add_text(scopes, scope);
    }
    if (n == 0)
        buf_add_text(scopes, "read");
}

static bool tokens_create(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf scopes = BUF_INIT(64);
    struct json_in in;
    struct token_row token = { .account_id = call->who.account_id, .created_at = call->now };
    char secret[TOKEN_SIZE];
    uint8_t hash[SHA256_SIZE];
    unsigned wanted = 0;

    api_body(call, &in);
    const char *name = json_in_text(&in, "name", 1, 200);

    token.expires_at = json_in_time_opt(&in, "expires_at", 0);
    if (token.expires_at && token.expires_at <= call->now)
        json_in_complain(&in, "expires_at", "this is in the past");
    read_scopes(&in, &scopes);
    if (!json_in_end(&in, err))
        return false;
    if (!scopes_from_text(buf_text(&scopes), &wanted) || (wanted & ~call->who.scopes))
        return fail(err, ERR_DENIED,
            "a token cannot give more rights than the one it is made with");
    token.name = xstrdup(name);
    token.scopes = xstrdup(buf_text(&scopes));
    token_make(secret);
    digest_sha256(span_text(secret), hash);
    bool works = store_token_add(call->tx, &token, hash, &token.id, err) &&
                 api_audit(call, "token.create", token.id, name, NULL, token.scopes, err);

    if (works) {
        write_token(&call->reply, &token);
        json_str(&call->reply, "token", secret);
        call->status = 201;
    }
    secret_wipe(secret, sizeof secret);
    free(token.name);
    free(token.scopes);
    return works;
}

static bool tokens_delete(struct api_call *call, struct err *err)
{
    call->status = 204;
    return store_token_delete(call->tx, call->who.account_id, call->path_id, err) &&
           api_audit(call, "token.delete", call->path_id, NULL, NULL, NULL, err);
}

const struct api_route token_routes[] = {
    { "GET", "/tokens", ROLE_USER, API_READS, tokens_list, 0 },
    { "POST", "/tokens", ROLE_USER, API_WRITES, tokens_create, 0 },
    { "DELETE", "/tokens/{id}", ROLE_USER, API_WRITES | API_BODY_NONE, tokens_delete, 0 },
    { 0 },
};
