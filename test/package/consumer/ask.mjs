// Asks in three ways, as a user of the packed package does. The argument is the workers' Python.
import {
  InstructBlipForConditionalGeneration,
  InstructBlipProcessor,
  loadImage,
  WorkerPool,
} from "instructblip-workers";

const image = await loadImage("three.png");
const prompt = "What color is the circle?";
const pool = await WorkerPool.start({ python: process.argv[2] });
const { text } = await pool.ask({ image, prompt });

let streamed = "";
for await (const piece of pool.stream({ image, prompt })) streamed += piece.text;

const model = await InstructBlipForConditionalGeneration.fromPretrained("tiny-shapes-t5", { pool });
const processor = await InstructBlipProcessor.fromPretrained("tiny-shapes-t5", { pool });
const outputs = await model.generate({ ...(await processor({ images: image, text: prompt })), numBeams: 3 });
const [generated] = processor.batchDecode(outputs, { skipSpecialTokens: true });

process.stdout.write(`${JSON.stringify({ text, streamed, generated: generated.trim() })}\n`);
await pool.close();
