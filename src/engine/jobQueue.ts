/** Requests with samples that wait for a row, in the order in which they came; thousands wait at no cost. */
import type { Job } from './row.js';

export class JobQueue {
  readonly #jobs = new Set<Job>();
  readonly #byId = new Map<string, Set<Job>>();
  /** No job is due before this. */
  #earliestMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#jobs.size;
  }

  add(job: Job): void {
    this.#jobs.add(job);
    const { id } = job.request;
    const same = this.#byId.get(id);
    if (same) same.add(job);
    else this.#byId.set(id, new Set([job]));
    this.#earliestMs = Math.min(this.#earliestMs, job.deadlineMs);
  }

  has(job: Job): boolean {
    return this.#jobs.has(job);
  }

  delete(job: Job): void {
    this.#jobs.delete(job);
    const { id } = job.request;
    const same = this.#byId.get(id);
    same?.delete(job);
    if (same?.size === 0) this.#byId.delete(id);
  }

  withId(id: string): Job[] {
    return [...(this.#byId.get(id) ?? [])];
  }

  /** The first `count`. */
  first(count: number): Job[] {
    const jobs: Job[] = [];
    for (const job of this.#jobs) {
      if (jobs.length === count) break;
      jobs.push(job);
    }
    return jobs;
  }

  /** Those whose deadline has passed. */
  due(nowMs: number): Job[] {
    if (nowMs < this.#earliestMs) return [];
    const due: Job[] = [];
    this.#earliestMs = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) {
      if (nowMs >= job.deadlineMs) due.push(job);
      else this.#earliestMs = Math.min(this.#earliestMs, job.deadlineMs);
    }
    return due;
  }
}
