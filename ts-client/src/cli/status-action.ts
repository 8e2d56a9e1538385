import type { PoolStats, WorkerStats } from "../engine/index.ts";
import { DEFAULT_NAME, readRuntimeFile } from "../front/index.ts";
import { WorkerPool } from "../pool/index.ts";
import { columns } from "./columns.ts";
import { EXIT } from "./exit-codes.ts";
import { answer, answerJson, formatBytes, remark } from "./output.ts";
import type { StatusFlags } from "./status.ts";

/** Prints what a daemon is doing. */
export async function status({ name = DEFAULT_NAME, json }: StatusFlags): Promise<number> {
  const daemon = await readRuntimeFile(name);
  if (daemon === undefined) {
    if (json === true) answerJson({ ok: false, running: false, name });
    else remark(`No daemon called "${name}" is running.`);
    return EXIT.failure;
  }
  await using pool = await WorkerPool.connect({ name });
  const stats = await pool.stats();
  const models = await pool.models();
  const { endpoint, pid, startedAt } = daemon;
  if (json === true)
    answerJson({ ok: true, running: true, name, endpoint, pid, startedAt, models, ...stats });
  else answer(table(stats, `"${name}", process ${pid}, up ${formatDuration(stats.uptimeMs)}, ${endpoint}`));
  return EXIT.ok;
}

function table(stats: PoolStats, title: string): string {
  const header = ["worker", "model", "state", "pid", "device", "in flight", "done", "restarts", "memory"];
  const lines = columns([header, ...stats.workers.map(row)]);
  const { queue, counts, clients } = stats;
  return [
    title,
    "",
    ...lines,
    "",
    `queue: ${queue.requests} waiting (${formatBytes(queue.bytes)}), oldest ${formatDuration(queue.oldestMs)}; clients: ${clients}`,
    `since start: ${counts.completed} answered, ${counts.failed} failed, ${counts.cancelled} cancelled, ` +
      `${counts.rejected} refused, ${counts.retried} tried again, ${counts.restarts} restarts`,
  ].join("\n");
}

function row(worker: WorkerStats): string[] {
  const { progress } = worker;
  const loading = progress === undefined ? "" : ` (${progress.stage})`;
  return [
    worker.workerId,
    worker.modelId,
    `${worker.state}${loading}`,
    String(worker.pid ?? "-"),
    worker.device,
    `${worker.inFlight}/${worker.slots}`,
    String(worker.completed),
    String(worker.restarts),
    worker.rss === undefined ? "-" : formatBytes(worker.rss),
  ];
}

function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
