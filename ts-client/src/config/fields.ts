import { z } from "zod";

/** Field types that the configurations share. */
export const size = z.int().min(1);
export const rate = z.number().min(0).max(1);
export const spread = z.number().min(0);
export const epsilon = z.number().gt(0);
export const tokenId = z.int().nullable();
export const eosTokenId = z.union([z.int(), z.array(z.int())]).nullable();
