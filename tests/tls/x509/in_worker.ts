/** Work that might never end, in a worker that can be stopped. */

/** Lets a worker of its own do a job, and fails if there is no outcome before the deadline, in milliseconds. */
export async function inWorker<Job, Outcome>(url: URL, job: Job, deadline: number): Promise<Outcome> {
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const timer = setTimeout(() => reject(new Error("the work does not end")), deadline);
  worker.onmessage = ({ data }: MessageEvent<Outcome>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  try {
    worker.postMessage(job);
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
