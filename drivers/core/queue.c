#include "config.h"

#include "drivers/core/queue.h"

#include <stdlib.h>

#include "common/base/str.h"

bool queue_append(struct queue *q, struct queue_command *cmd)
{
	if (q->count >= QUEUE_MAX)
		return false;
	cmd->next = NULL;
	if (q->tail)
		q->tail->next = cmd;
	else
		q->head = cmd;
	q->tail = cmd;
	q->count++;
	return true;
}

bool queue_push(struct queue *q, bool is_set, const char *name, const char *value, const char *id,
		unsigned long client)
{
	struct queue_command *cmd;

	if (q->count >= QUEUE_MAX)
		return false;
	cmd = calloc(1, sizeof(*cmd));
	if (!cmd)
		return false;
	cmd->is_set = is_set;
	cmd->client = client;
	if (!str_replace(&cmd->name, name) || !str_replace(&cmd->value, value) ||
	    !str_replace(&cmd->id, id)) {
		queue_command_free(cmd);
		return false;
	}
	return queue_append(q, cmd);
}

struct queue_command *queue_take(struct queue *q, unsigned long number)
{
	struct queue_command *before = NULL;

	for (struct queue_command *cmd = q->head; cmd; before = cmd, cmd = cmd->next) {
		if (cmd->number != number)
			continue;
		if (!before)
			return queue_pop(q);
		before->next = cmd->next;
		if (q->tail == cmd)
			q->tail = before;
		q->count--;
		return cmd;
	}
	return NULL;
}

struct queue_command *queue_pop(struct queue *q)
{
	struct queue_command *cmd = q->head;

	if (!cmd)
		return NULL;
	q->head = cmd->next;
	if (!q->head)
		q->tail = NULL;
	q->count--;
	return cmd;
}

void queue_command_free(struct queue_command *cmd)
{
	free(cmd->name);
	secret_free(&cmd->value); /* may be a password that the device takes */
	free(cmd->id);
	free(cmd);
}

void queue_clear(struct queue *q)
{
	struct queue_command *cmd;

	while ((cmd = queue_pop(q)))
		queue_command_free(cmd);
}
