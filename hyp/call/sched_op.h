/* SPDX-License-Identifier: MIT */
/*
 * sched_op poll, the half that lies outside of the call. A vCPU that polls is blocked until one of
 * its ports is pending, its time is up, or any interrupt comes; each of the first two raises
 * VCPU_WORK_POLL.
 */
#ifndef CALL_SCHED_OP_H
#define CALL_SCHED_OP_H

struct vcpu;

/* The way in of v, with VCPU_WORK_POLL set: the poll is over. */
void sched_op_poll_end(struct vcpu *v);
/* dom_up_vcpu_destroy: v runs nowhere. */
void sched_op_destroy_vcpu(struct vcpu *v);

#endif
