/* SPDX-License-Identifier: MIT */
/*
 * Threads that pass numbers on: each takes from the queue in front of it, adds one, and gives to the
 * one behind.
 *   threads [THREADS [NUMBERS]]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 4

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count, first;
    int slot[SLOTS];
};

struct stage {
    pthread_t thread;
    struct queue *in, *out;
    int numbers;
};

static void put(struct queue *q, int value)
{
    pthread_mutex_lock(&q->lock);
    while (q->count == SLOTS)
        pthread_cond_wait(&q->changed, &q->lock);
    q->slot[(q->first + q->count++) % SLOTS] = value;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

static int get(struct queue *q)
{
    int value;

    pthread_mutex_lock(&q->lock);
    while (!q->count)
        pthread_cond_wait(&q->changed, &q->lock);
    value = q->slot[q->first];
    q->first = (q->first + 1) % SLOTS;
    q->count--;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return value;
}

static void *run(void *arg)
{
    struct stage *s = arg;

    for (int i = 0; i < s->numbers; i++)
        put(s->out, get(s->in) + 1);
    return s;
}

static void *feed(void *arg)
{
    struct stage *s = arg;

    for (int i = 0; i < s->numbers; i++)
        put(s->out, i);
    return s;
}

int main(int argc, char *argv[])
{
    int threads = argc > 1 ? atoi(argv[1]) : 8, numbers = argc > 2 ? atoi(argv[2]) : 100;
    struct queue *queues = calloc((size_t)threads + 1, sizeof(*queues));
    struct stage *stages = calloc((size_t)threads + 1, sizeof(*stages));
    struct stage first = {.out = queues, .numbers = numbers};
    long long sum = 0;

    if (threads < 1 || !queues || !stages)
        return 1;
    for (int i = 0; i <= threads; i++) {
        pthread_mutex_init(&queues[i].lock, NULL);
        pthread_cond_init(&queues[i].changed, NULL);
    }
    for (int i = 0; i < threads; i++) {
        stages[i] = (struct stage){.in = &queues[i], .out = &queues[i + 1], .numbers = numbers};
        if (pthread_create(&stages[i].thread, NULL, run, &stages[i])) {
            fprintf(stderr, "no thread %d\n", i);
            return 1;
        }
    }
    if (pthread_create(&first.thread, NULL, feed, &first))
        return 1;
    for (int i = 0; i < numbers; i++)
        sum += get(&queues[threads]);
    pthread_join(first.thread, NULL);
    for (int i = 0; i < threads; i++)
        pthread_join(stages[i].thread, NULL);
    printf("%d numbers through %d threads: sum %lld\n", numbers, threads, sum);
    return 0;
}
