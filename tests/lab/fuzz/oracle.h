/*
 * The other end of tests/lab/fuzz/oracle.py: a fuzz target adds what it made of an input as fields,
 * and asks whether all of it is right. Define QUESTION_MAX, the bytes of the longest question,
 * before including this.
 */
#ifndef TESTS_FUZZ_ORACLE_H
#define TESTS_FUZZ_ORACLE_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORACLE_RIGHT = '1' }; /* its answer; for any other it ends */

/* Fields of one input's outputs, each with its length in four bytes, the least significant first.
 */
static struct {
    size_t length;
    uint8_t bytes[QUESTION_MAX];
} question;

static void add(const void *bytes, size_t length)
{
    assert(length + 4 <= sizeof question.bytes - question.length);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        question.bytes[question.length++] = (uint8_t)(length >> shift);
    }
    memcpy(question.bytes + question.length, bytes, length);
    question.length += length;
}

/* --- The oracle. */

static struct {
    pid_t process; /* 0: not started */
    int connection;
} oracle;

static void end_oracle(void)
{
    int status;
    close(oracle.connection);
    if (waitpid(oracle.process, &status, 0) != oracle.process || status != 0) {
        (void)fprintf(stderr, "tests/lab/fuzz/oracle.py did not end well\n");
        abort();
    }
}

/* `questions`: which ones the oracle has to expect, a key of its QUESTIONS. */
static void start_oracle(const char *questions)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        (oracle.process = fork()) < 0) {
        abort();
    }
    if (oracle.process == 0) {
        if (dup2(ends[1], STDIN_FILENO) >= 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
            execl("/usr/bin/python3", "python3", "-B", "tests/lab/fuzz/oracle.py", questions,
                  (char *)NULL);
        }
        _exit(127);
    }
    close(ends[1]);
    oracle.connection = ends[0];
    if (atexit(end_oracle) != 0) {
        abort();
    }
}

/* libFuzzer's timer interrupts what waits. */
static bool is_interrupted(ssize_t result)
{
    return result < 0 && errno == EINTR;
}

static void ask_oracle(void)
{
    char answer = 0;
    ssize_t length;
    for (size_t sent = 0; sent < question.length;) {
        length =
            send(oracle.connection, question.bytes + sent, question.length - sent, MSG_NOSIGNAL);
        if (length < 0 && !is_interrupted(length)) {
            break; /* the answer will be missing */
        }
        sent += length > 0 ? (size_t)length : 0;
    }
    do {
        length = recv(oracle.connection, &answer, 1, 0);
    } while (is_interrupted(length));
    if (length != 1 || answer != ORACLE_RIGHT) {
        (void)fprintf(stderr, "tests/lab/fuzz/oracle.py ended, see above\n");
        abort();
    }
}

#endif
