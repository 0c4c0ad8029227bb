/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list with a head, intrusive. A node that is on no list points to itself.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/types.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_insert_before(struct list *at, struct list *node)
{
    node->prev = at->prev;
    node->next = at;
    at->prev->next = node;
    at->prev = node;
}

static inline void list_add_head(struct list *head, struct list *node)
{
    list_insert_before(head->next, node);
}

static inline void list_add_tail(struct list *head, struct list *node)
{
    list_insert_before(head, node);
}

/* Unlinks node and leaves it pointing to itself, so that removing twice is harmless. */
static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(var, head, member)                                                   \
    for (var = list_entry((head)->next, __typeof__(*var), member); &var->member != (head); \
         var = list_entry(var->member.next, __typeof__(*var), member))
/* Survives removal of var inside the body. */
#define list_for_each_safe(var, tmp, head, member)                    \
    for (var = list_entry((head)->next, __typeof__(*var), member),    \
        tmp = list_entry(var->member.next, __typeof__(*var), member); \
         &var->member != (head);                                      \
         var = tmp, tmp = list_entry(tmp->member.next, __typeof__(*var), member))

#endif
