/*
 * core/relation: how a person stands to a record. Several may hold at once.
 *
 * store/cert_people finds it out, auth/permission says what follows from it.
 */
#pragma once

enum relation {
    RELATION_OWNER = 1 << 0,
    RELATION_ASSIGNEE = 1 << 1,
    RELATION_SHARED_USER = 1 << 2,
    RELATION_SHARED_GROUP = 1 << 3,
    RELATION_MAY_USE_KEY = 1 << 4, /* an entry of theirs carries the right to use the key */
};
