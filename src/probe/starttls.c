/*
 * probe/starttls: one table row for each protocol: what it says first, and how it reads an answer.
 *
 * A reader takes whole answers off the front of s->in and says what follows. It returns
 * STARTTLS_MORE both when bytes are missing and when the conversation goes on; only the front, not
 * the reader, decides whether anything may be left behind.
 */
#include "probe/starttls.h"

typedef enum starttls_verdict read_fn(struct starttls *s, struct buf *out);

static enum starttls_verdict refuse(struct starttls *s, const char *what, struct span words)
{
    char shown[80];

    words = span_trim(words);
    span_copy_text(words, shown, sizeof(shown));
    for (char *c = shown; *c; c++)
        if ((uint8_t)*c < 0x20 || (uint8_t)*c >= 0x7f)
            *c = '?';
    if (shown[0])
        snprintf(s->reason, sizeof(s->reason), "%s: %s", what, shown);
    else
        snprintf(s->reason, sizeof(s->reason), "%s", what);
    return STARTTLS_REFUSED;
}

/* Cut one line, without its end, off what came. The span is valid until the line is dropped. */
static bool get_line(const struct starttls *s, struct span *line, size_t *ret_size)
{
    const size_t end = span_find_char(buf_span(&s->in), '\n');

    if (end == SIZE_MAX)
        return false;
    *ret_size = end + 1;
    *line = span_slice(buf_span(&s->in), 0, end);
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

/* SMTP and FTP: three digits, then "-" where the answer has another line (RFC 5321, 4.2.1). */
static bool reply_code(struct span line, int *code, bool *is_last)
{
    *code = 0;
    if (line.size < 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        *code = *code * 10 + (line.data[i] - '0');
    }
    *is_last = line.size == 3 || line.data[3] == ' ';
    return *is_last || line.data[3] == '-';
}

enum { SMTP_GREETING, SMTP_EHLO, SMTP_EHLO_OFFERS, SMTP_STARTTLS };

static enum starttls_verdict smtp_reply(struct starttls *s, int code, struct span line,
    struct buf *out)
{
    if (s->step == SMTP_GREETING) {
        if (code != 220)
            return refuse(s, "the mail server does not greet", line);
        buf_add_text(out, "EHLO certdesk.invalid\r\n");
        s->step = SMTP_EHLO;
        return STARTTLS_MORE;
    }
    if (s->step == SMTP_EHLO || s->step == SMTP_EHLO_OFFERS) {
        if (code != 250)
            return refuse(s, "the mail server refused EHLO", line);
        if (s->step == SMTP_EHLO)
            return refuse(s, "the mail server does not offer STARTTLS", SPAN_EMPTY);
        buf_add_text(out, "STARTTLS\r\n");
        s->step = SMTP_STARTTLS;
        return STARTTLS_MORE;
    }
    return code == 220 ? STARTTLS_GO : refuse(s, "the mail server refused STARTTLS", line);
}

static enum starttls_verdict read_smtp(struct starttls *s, struct buf *out)
{
    enum starttls_verdict verdict = STARTTLS_MORE;
    struct span line;
    size_t size;

    while (verdict == STARTTLS_MORE && out->size == 0 && get_line(s, &line, &size)) {
        bool is_last = false;
        int code = 0;

        if (!reply_code(line, &code, &is_last))
            return refuse(s, "this is not a mail server's answer", line);
        if (s->step == SMTP_EHLO && span_is_nocase(span_slice(line, 4, 8), "STARTTLS") &&
            (line.size == 12 || line.data[12] == ' '))
            s->step = SMTP_EHLO_OFFERS;
        if (is_last)
            verdict = smtp_reply(s, code, line, out);
        buf_drop(&s->in, size);
    }
    return verdict;
}

/* RFC 4217, 4: the greeting, then AUTH TLS is answered with 234. */
static enum starttls_verdict read_ftp(struct starttls *s, struct buf *out)
{
    enum starttls_verdict verdict = STARTTLS_MORE;
    struct span line;
    size_t size;

    while (verdict == STARTTLS_MORE && out->size == 0 && get_line(s, &line, &size)) {
        bool is_last = false;
        int code = 0;
        /* Inner lines of a long FTP answer may be anything (RFC 959, 4.2). */
        const bool is_reply = reply_code(line, &code, &is_last);

        if (!is_reply && s->step % 2 == 0)
            return refuse(s, "this is not an FTP server's answer", line);
        if (is_reply && !is_last && s->step % 2 == 0) {
            s->step++;
        } else if (is_reply && is_last && s->step < 2) {
            if (code == 120) {
                s->step = 0;
            } else if (code == 220) {
                buf_add_text(out, "AUTH TLS\r\n");
                s->step = 2;
            } else {
                return refuse(s, "the FTP server does not greet", line);
            }
        } else if (is_reply && is_last) {
            verdict =
                code == 234 ? STARTTLS_GO : refuse(s, "the FTP server refused AUTH TLS", line);
        }
        buf_drop(&s->in, size);
    }
    return verdict;
}

/* RFC 9051, 6.2.1. Untagged lines may come at any time. */
static enum starttls_verdict read_imap(struct starttls *s, struct buf *out)
{
    enum starttls_verdict verdict = STARTTLS_MORE;
    struct span line;
    size_t size;

    while (verdict == STARTTLS_MORE && out->size == 0 && get_line(s, &line, &size)) {
        if (s->step == 0 && span_is_nocase(span_slice(line, 0, 5), "* OK ")) {
            buf_add_text(out, "a1 STARTTLS\r\n");
            s->step = 1;
        } else if (s->step == 0) {
            verdict = refuse(s, "this is not an IMAP server's greeting", line);
        } else if (span_is_nocase(span_slice(line, 0, 5), "a1 OK") &&
                   (line.size == 5 || line.data[5] == ' ')) {
            verdict = STARTTLS_GO;
        } else if (!span_starts_with(line, "* ")) {
            verdict = refuse(s, "the IMAP server refused STARTTLS", line);
        }
        buf_drop(&s->in, size);
    }
    return verdict;
}

/* RFC 2595, 4. */
static enum starttls_verdict read_pop3(struct starttls *s, struct buf *out)
{
    enum starttls_verdict verdict = STARTTLS_MORE;
    struct span line;
    size_t size;

    while (verdict == STARTTLS_MORE && out->size == 0 && get_line(s, &line, &size)) {
        const bool is_ok = span_is(span_slice(line, 0, 3), "+OK");

        if (!is_ok) {
            verdict = refuse(s,
                s->step ? "the POP3 server refused STLS" : "this is not a POP3 server's greeting",
                line);
        } else if (s->step == 0) {
            buf_add_text(out, "STLS\r\n");
            s->step = 1;
        } else {
            verdict = STARTTLS_GO;
        }
        buf_drop(&s->in, size);
    }
    return verdict;
}

/*
 * One BER element at the front of `at`: its tag and content, and the rest. Definite lengths of up
 * to four bytes, as LDAP has them (RFC 4511, 5.1). 1: there; 0: bytes are missing; -1: malformed.
 */
static int ber_next(struct span *at, uint8_t *tag, struct span *content)
{
    if (at->size < 2)
        return 0;
    *tag = at->data[0];
    size_t size = at->data[1];
    size_t head = 2;

    if (size >= 0x80) {
        const size_t n = size & 0x7f;

        if (n == 0 || n > 4)
            return -1;
        if (at->size < 2 + n)
            return 0;
        size = 0;
        for (size_t i = 0; i < n; i++)
            size = size << 8 | at->data[2 + i];
        head += n;
    }
    if (size > STARTTLS_MAX)
        return -1;
    if (at->size - head < size)
        return 0;
    *content = span_slice(*at, head, size);
    *at = span_slice(*at, head + size, SIZE_MAX);
    return 1;
}

#define LDAP_STARTTLS_OID "1.3.6.1.4.1.1466.20037" /* RFC 4511, 4.14 */

static void say_ldap(struct starttls *s, struct buf *out)
{
    const size_t n = sizeof(LDAP_STARTTLS_OID) - 1;

    (void)s;
    buf_add_u8(out, 0x30); /* LDAPMessage */
    buf_add_u8(out, (uint8_t)(3 + 2 + 2 + n));
    buf_add(out, "\x02\x01\x01", 3); /* messageID 1 */
    buf_add_u8(out, 0x77);           /* ExtendedRequest */
    buf_add_u8(out, (uint8_t)(2 + n));
    buf_add_u8(out, 0x80); /* requestName */
    buf_add_u8(out, (uint8_t)n);
    buf_add_text(out, LDAP_STARTTLS_OID);
}

static enum starttls_verdict read_ldap(struct starttls *s, struct buf *out)
{
    struct span rest = buf_span(&s->in);
    struct span message = SPAN_EMPTY;
    struct span id = SPAN_EMPTY;
    struct span response = SPAN_EMPTY;
    struct span code = SPAN_EMPTY;
    uint8_t tag = 0;

    (void)out;
    const int got = ber_next(&rest, &tag, &message);
    const bool is_message = s->in.size == 0 || s->in.data[0] == 0x30;

    if (got == 0 && is_message)
        return STARTTLS_MORE;
    if (got < 0 || !is_message)
        return refuse(s, "this is not an LDAP server's answer", SPAN_EMPTY);
    if (ber_next(&message, &tag, &id) != 1 || tag != 0x02 || id.size != 1 || id.data[0] != 1 ||
        ber_next(&message, &tag, &response) != 1 || tag != 0x78 ||
        ber_next(&response, &tag, &code) != 1 || tag != 0x0a || code.size != 1)
        return refuse(s, "the LDAP server did not answer StartTLS", SPAN_EMPTY);
    if (code.data[0] != 0) {
        refuse(s, "the LDAP server refused StartTLS", SPAN_EMPTY);
        snprintf(s->reason, sizeof(s->reason), "the LDAP server refused StartTLS: result code %d",
            code.data[0]);
        return STARTTLS_REFUSED;
    }
    buf_drop(&s->in, s->in.size - rest.size);
    return STARTTLS_GO;
}

/* PostgreSQL's SSLRequest: one byte answers it. */
static void say_postgres(struct starttls *s, struct buf *out)
{
    (void)s;
    buf_add_u32(out, 8);
    buf_add_u32(out, 80877103);
}

static enum starttls_verdict read_postgres(struct starttls *s, struct buf *out)
{
    (void)out;
    if (s->in.size == 0)
        return STARTTLS_MORE;
    const uint8_t answer = s->in.data[0];

    buf_drop(&s->in, 1);
    if (answer == 'S')
        return STARTTLS_GO;
    if (answer == 'N')
        return refuse(s, "the PostgreSQL server does not offer TLS", SPAN_EMPTY);
    return refuse(s, "this is not a PostgreSQL server's answer", SPAN_EMPTY);
}

#define MYSQL_CLIENT_SSL 0x0800U
#define MYSQL_CLIENT_PROTOCOL_41 0x0200U
#define MYSQL_CLIENT_SECURE_CONNECTION 0x8000U

/*
 * MySQL: packets of three bytes of length (little-endian) and a number. The greeting (protocol 10)
 * is a version up to its NUL, four bytes of connection id, eight of scramble, a zero, and the lower
 * half of what the server can do. The answer is an SSLRequest, after which TLS begins at once.
 */
static enum starttls_verdict read_mysql(struct starttls *s, struct buf *out)
{
    const struct span in = buf_span(&s->in);

    if (in.size < 4)
        return STARTTLS_MORE;
    const size_t size = (size_t)in.data[0] | (size_t)in.data[1] << 8 | (size_t)in.data[2] << 16;
    if (size < 1 || size > STARTTLS_MAX - 4 || in.data[3] != 0)
        return refuse(s, "this is not a MySQL server's greeting", SPAN_EMPTY);
    if (in.size < 4 + size)
        return STARTTLS_MORE;

    const struct span packet = span_slice(in, 4, size);
    if (packet.data[0] == 0xff)
        return refuse(s, "the MySQL server refused the connection", span_slice(packet, 3, 79));
    const size_t version = span_find_char(span_slice(packet, 1, SIZE_MAX), '\0');
    if (packet.data[0] != 10 || version == SIZE_MAX || packet.size < 1 + version + 1 + 15)
        return refuse(s, "this is not a MySQL server's greeting", SPAN_EMPTY);
    const uint8_t *const flags = packet.data + 1 + version + 1 + 13;
    if (!(((unsigned)flags[0] | (unsigned)flags[1] << 8) & MYSQL_CLIENT_SSL))
        return refuse(s, "the MySQL server does not offer TLS", SPAN_EMPTY);

    const unsigned can =
        MYSQL_CLIENT_SSL | MYSQL_CLIENT_PROTOCOL_41 | MYSQL_CLIENT_SECURE_CONNECTION;
    buf_drop(&s->in, 4 + size);
    buf_add(out, "\x20\x00\x00\x01", 4);
    buf_add_u8(out, (uint8_t)(can & 0xff));
    buf_add_u8(out, (uint8_t)(can >> 8));
    buf_add(out, "\0\0", 2);
    buf_add(out, "\x00\x00\x00\x01", 4); /* largest packet, 16 MiB */
    buf_add_u8(out, 45);                 /* utf8mb4 */
    for (int i = 0; i < 23; i++)
        buf_add_u8(out, 0);
    return STARTTLS_GO;
}

/* RFC 6120, 5.4. */
static void say_xmpp(struct starttls *s, struct buf *out)
{
    /* The host comes from host_parse() or is an SNI; a name with markup in it is left out. */
    const bool is_plain = s->host && !strpbrk(s->host, "<>&'\"");

    buf_addf(out,
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>",
        is_plain ? s->host : "");
}

/* Where the first tag that begins with `start` ends. */
static bool find_tag(struct span in, const char *start, size_t *ret_end)
{
    const size_t at = span_find(in, span_text(start));
    if (at == SIZE_MAX)
        return false;
    const size_t size = span_find_char(span_slice(in, at, SIZE_MAX), '>');
    if (size == SIZE_MAX)
        return false;
    *ret_end = at + size + 1;
    return true;
}

static void drop_blanks(struct buf *in)
{
    const struct span rest = span_trim(buf_span(in));

    buf_drop(in, rest.size == 0 ? in->size : (size_t)(rest.data - in->data));
}

static enum starttls_verdict xmpp_features(struct starttls *s, struct buf *out)
{
    const struct span in = buf_span(&s->in);
    size_t end = 0;

    if (find_tag(in, "<stream:error", &end))
        return refuse(s, "the XMPP server ended the stream", SPAN_EMPTY);
    if (!find_tag(in, "</stream:features", &end) && !find_tag(in, "</features", &end) &&
        !find_tag(in, "<stream:features/", &end))
        return STARTTLS_MORE;
    if (span_find(span_slice(in, 0, end), span_text("<starttls")) == SIZE_MAX)
        return refuse(s, "the XMPP server does not offer STARTTLS", SPAN_EMPTY);
    buf_drop(&s->in, end);
    drop_blanks(&s->in);
    buf_add_text(out, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    s->step = 1;
    return STARTTLS_MORE;
}

static enum starttls_verdict read_xmpp(struct starttls *s, struct buf *out)
{
    size_t end = 0;

    drop_blanks(&s->in);
    const struct span in = buf_span(&s->in);
    if (in.size > 0 && in.data[0] != '<')
        return refuse(s, "this is not an XMPP server's answer", in);
    if (s->step == 0)
        return xmpp_features(s, out);
    if (find_tag(in, "<failure", &end))
        return refuse(s, "the XMPP server refused STARTTLS", SPAN_EMPTY);
    if (!find_tag(in, "<proceed", &end))
        return STARTTLS_MORE;
    if (in.data[end - 2] != '/' && !find_tag(in, "</proceed", &end))
        return STARTTLS_MORE;
    buf_drop(&s->in, end);
    return STARTTLS_GO;
}

static const struct {
    void (*say_first)(struct starttls *s, struct buf *out); /* NULL: the server speaks first */
    read_fn *read;
} dialogues[PROBE_N_PROTOCOLS] = {
    [PROBE_SMTP] = { NULL, read_smtp },
    [PROBE_IMAP] = { NULL, read_imap },
    [PROBE_POP3] = { NULL, read_pop3 },
    [PROBE_FTP] = { NULL, read_ftp },
    [PROBE_LDAP] = { say_ldap, read_ldap },
    [PROBE_POSTGRES] = { say_postgres, read_postgres },
    [PROBE_MYSQL] = { NULL, read_mysql },
    [PROBE_XMPP] = { say_xmpp, read_xmpp },
};

void starttls_init(struct starttls *s, enum probe_protocol protocol, const char *host,
    struct buf *out)
{
    ASSERT(dialogues[protocol].read);
    *s = (struct starttls){ .protocol = protocol, .host = host, .in = BUF_INIT(STARTTLS_MAX) };
    if (dialogues[protocol].say_first)
        dialogues[protocol].say_first(s, out);
}

void starttls_done(struct starttls *s)
{
    buf_done(&s->in);
}

enum starttls_verdict starttls_feed(struct starttls *s, struct span bytes, struct buf *out)
{
    s->n_read += bytes.size;
    if (s->n_read > STARTTLS_MAX)
        return refuse(s, "the server talks too long before TLS", SPAN_EMPTY);
    buf_add_span(&s->in, bytes);

    const enum starttls_verdict verdict = dialogues[s->protocol].read(s, out);

    if (verdict == STARTTLS_GO && s->in.size > 0)
        return refuse(s, "the server sent more before TLS than its answer", SPAN_EMPTY);
    /* IMAP's untagged lines may follow anything. */
    if (verdict == STARTTLS_MORE && out->size > 0 && s->in.size > 0 && s->protocol != PROBE_IMAP)
        return refuse(s, "the server answered before it was asked", SPAN_EMPTY);
    return verdict;
}
