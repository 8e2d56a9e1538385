export { camelCase, nearMiss } from "../errors/index.ts";
