/* daemon/control: see the header. */
#include "daemon/control.h"

#include "base/err.h"
#include "base/fs.h"
#include "conf/conf.h"

bool control_send_conf(int fd, const struct conf *conf, struct err *err)
{
    autodone(buf) struct buf packed = BUF_INIT_SECRET(FRAME_MAX);

    conf_pack(conf, &packed);
    if (!buf_check(&packed, "the configuration", err))
        return false;
    struct frame frame = { .type = CONTROL_CONF, .payload = buf_span(&packed) };

    return frame_send(fd, &frame, NULL, 0, err);
}

bool control_send(int fd, enum control_type type, int passed, struct err *err)
{
    struct frame frame = { .type = (uint16_t)type };

    return frame_send(fd, &frame, &passed, passed >= 0 ? 1 : 0, err);
}

bool control_send_vault(int fd, enum control_type type, const struct control_vault *vault,
    int passed, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(64);

    frame_put_i64(&payload, vault->number);
    frame_put_i64(&payload, vault->n_hangs);
    frame_put_i64(&payload, vault->overdue_ms);
    const struct frame frame = { .type = (uint16_t)type, .payload = buf_span(&payload) };

    return frame_send(fd, &frame, &passed, passed >= 0 ? 1 : 0, err);
}

static bool read_vault(struct span payload, struct control_vault *ret, struct err *err)
{
    struct frame_reader r = frame_reader_of(payload);

    ret->number = frame_read_i64(&r);
    ret->n_hangs = frame_read_i64(&r);
    ret->overdue_ms = frame_read_i64(&r);
    return frame_reader_end(&r, err);
}

bool control_receive(int fd, struct control_message *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT_SECRET(FRAME_MAX);
    struct frame frame;
    int fds[FRAME_FDS_MAX];
    size_t n_fds = 0;

    if (!frame_receive(fd, -1, &payload, &frame, fds, &n_fds, err))
        return false;
    *ret = (struct control_message){ .type = (enum control_type)frame.type,
        .fd = n_fds > 0 ? fds[0] : -1 };
    for (size_t i = 1; i < n_fds; i++)
        fd_close(fds[i]);
    if (frame.type == CONTROL_CONF)
        return conf_unpack(frame.payload, &ret->conf, err);
    if (frame.type == CONTROL_VAULT || frame.type == CONTROL_VAULT_OVERDUE)
        return read_vault(frame.payload, &ret->vault, err);
    return true;
}
