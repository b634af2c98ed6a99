/* core/rows: see the header. */
#include "core/rows.h"

#include "base/alloc.h"

/* Bytes. Of what is longer there is often but one. */
#define LONG_ROW 128

void *rows_make_room(void *items, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return items;
    ASSERT(*room <= SIZE_MAX / 4);
    *room = *room ? *room * 2 : size > LONG_ROW ? 1 : 8;
    return xreallocarray(items, *room, size);
}

void id_list_add(struct id_list *list, int64_t id)
{
    list->items = rows_make_room(list->items, list->n, &list->room, sizeof *list->items);
    list->items[list->n++] = id;
}

bool id_list_has(const struct id_list *list, int64_t id)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i] == id)
            return true;
    }
    return false;
}

void id_list_pick(struct id_list *list, const struct id_list *others)
{
    size_t n = 0;

    for (size_t i = 0, j = 0; i < list->n && j < others->n; i++) {
        while (j < others->n && others->items[j] < list->items[i])
            j++;
        if (j < others->n && others->items[j] == list->items[i])
            list->items[n++] = list->items[i];
    }
    list->n = n;
}

void id_list_done(struct id_list *list)
{
    free(list->items);
    *list = (struct id_list){ 0 };
}
