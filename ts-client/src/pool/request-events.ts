import type { Message } from "../protocol/index.ts";
import type { SchedulerEvent } from "../scheduler/index.ts";
import type { ResultPayload } from "./outcome.ts";

/**
 * A worker's message about requests, as the scheduler is told of it; undefined for any other message.
 *
 * @param large - outputs of a RESULT that came in parts
 */
export function requestEvents(
  workerId: string,
  message: Message,
  large: ResultPayload["large"],
): SchedulerEvent[] | undefined {
  switch (message.kind) {
    case "CHUNK": {
      const { chunks, worker_epoch: epoch = 0 } = message.header;
      return chunks.map(({ request_id: requestId, attempt, seq, tokens, log_probs: logProbs }) => {
        return { type: "chunk", workerId, epoch, requestId, attempt, seq, tokens, logProbs };
      });
    }
    case "RESULT": {
      const { header, tensors } = message;
      const { request_id: requestId, attempt, chunks, worker_epoch: epoch = 0 } = header;
      const payload: ResultPayload = { header, tensors, large };
      return [{ type: "result", workerId, epoch, requestId, attempt, chunks, payload }];
    }
    case "ERROR": {
      const { request_id: requestId, attempt, code, path, worker_epoch: epoch = 0 } = message.header;
      if (requestId === undefined || attempt === undefined) return [];
      const { message: text } = message.header;
      return [{ type: "error", workerId, epoch, requestId, attempt, code, message: text, path }];
    }
    case "ACCEPT":
      return [];
    default:
      return undefined;
  }
}
