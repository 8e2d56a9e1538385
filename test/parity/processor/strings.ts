/** Seeded pseudo-random numbers (mulberry32), so that a failure can be run again. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Texts that each tokenizer is known, or was feared, to read differently. */
const FIXED = [
  "",
  " ",
  "   ",
  "\n",
  "\t\r\n \u00a0\u3000",
  "a",
  " leading and trailing ",
  "two  spaces   three",
  "What is unusual about this image?",
  "Question: how many red circles are there? Short answer:",
  "</s>",
  "a</s>b",
  "a </s> b",
  "<s><unk><pad>",
  "<image>",
  "Look: <image> and <image>!",
  "[CLS] [SEP] [PAD] [MASK] [UNK] [DEC]",
  "[CLS][SEP]text",
  "<extra_id_0> and <extra_id_99>, <extra_id_100>",
  "＜/s＞ is full width",
  "<0x41><0xE2><0x98><0x83>",
  "▁already▁marked ▁ here",
  "ＦＵＬＬ　ｗｉｄｔｈ　１２３",
  "ﬁne ﬂow ﬃ ½ ² ™ ℡ ㌔ ㍿ ﷺ",
  "e\u0301 e\u0301\u0301 a\u030a A\u030a \u1e9b\u0323",
  "ΑΣ ΟΔΟΣ όσος Σ σ ς",
  "İstanbul ISPARTA ıi İI",
  "STRASSE straße ẞ",
  "👨‍👩‍👧‍👦 family 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 1️⃣",
  "zero\u200bwidth\u200cjoin\u200der\ufeffbom\u2060word",
  "日本語のテキスト、中文字符。한국어 텍스트",
  "\u1100\u1161\u11a8 \u1112\u1161\u11ab 각",
  "العربية مع تشكيل: مُحَمَّدٌ",
  "עברית עם נִקּוּד",
  "हिन्दी क्षत्रिय ज्ञान",
  "ไทยไม่มีช่องว่าง",
  "𠀀𠀁 𪛖 𫝀 🀄 𝕳𝖊𝖑𝖑𝖔 𝟙𝟚𝟛",
  "\0null\u0001control\u001f\u007f\u0085\u009f",
  "\ufffd replacement \ufffe\uffff",
  "\u2028line\u2029paragraph\u0085next",
  "don't can't I'm we've they're it's ' quoted ' n't",
  "a.b,c!d?e;f:g(h)[i]{j}<k>/l\\m|n@o#p$q%r^s&t*u-v_w=x+y~z`'\"",
  "https://example.com/a?b=c&d=%20#e",
  "x".repeat(100),
  "x".repeat(101),
  "ab ".repeat(700),
  "中".repeat(600),
  "🙂".repeat(300),
  "ª\u0301 º\u0897 \u00aa\u200d ²\ufe0f",
  "\r\n\r\n a\r\nb\rc",
];

/** Ranges of code points to draw characters from, by what makes them worth drawing. */
const ALPHABETS: readonly (readonly (readonly [number, number])[])[] = [
  [[0x20, 0x7e]],
  [
    [0x20, 0x7e],
    [0xa0, 0x24f],
  ],
  [
    [0x61, 0x7a],
    [0x300, 0x36f],
  ],
  [
    [0x0, 0x20],
    [0x61, 0x6a],
    [0x7f, 0xa0],
  ],
  [
    [0x370, 0x3ff],
    [0x400, 0x4ff],
    [0x20, 0x20],
  ],
  [[0x590, 0x6ff]],
  [[0x900, 0xd7f]],
  [
    [0x1100, 0x11ff],
    [0xac00, 0xd7a3],
  ],
  [[0x1e00, 0x1fff]],
  [
    [0x2000, 0x206f],
    [0x61, 0x65],
  ],
  [
    [0x2070, 0x218f],
    [0x2460, 0x24ff],
    [0x3200, 0x33ff],
  ],
  [
    [0x3040, 0x30ff],
    [0x4e00, 0x4eff],
  ],
  [
    [0xfb00, 0xfdff],
    [0xfe00, 0xfe6f],
  ],
  [
    [0xff00, 0xffef],
    [0x20, 0x20],
  ],
  [
    [0x1f1e6, 0x1f1ff],
    [0x1f300, 0x1f64f],
    [0x200d, 0x200d],
    [0xfe0f, 0xfe0f],
    [0x1f3fb, 0x1f3ff],
  ],
  [
    [0x1d400, 0x1d7ff],
    [0x20000, 0x200ff],
    [0x2f800, 0x2fa1f],
  ],
  [
    [0x0, 0xd7ff],
    [0xe000, 0xffff],
  ],
  [[0x10000, 0x10ffff]],
];

const WORDS = [
  "what", "color", "is", "the", "red", "circle", "How", "MANY", "Question:", "Short", "answer:", "</s>", "<image>",
  "[SEP]", "<extra_id_7>", "café", "naïve", "日本", "👩‍👩‍👧", "can't", "e\u0301", "１２", " ", "  ", "\n", "...", "▁",
]; // biome-ignore format: a table

/** The fixed texts, then random ones: words mixed, and characters of one alphabet or of several. */
export function testStrings(count: number, seed = 1): string[] {
  const random = randomNumbers(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const character = (alphabet: (typeof ALPHABETS)[number]) => {
    const [from, to] = pick(alphabet);
    return String.fromCodePoint(from + Math.floor(random() * (to - from + 1)));
  };
  const strings = [...FIXED];
  while (strings.length < count) {
    const length = 1 + Math.floor(random() ** 2 * 60);
    const kind = random();
    const alphabet = pick(ALPHABETS);
    strings.push(
      Array.from({ length }, () => {
        if (kind < 0.3) return pick(WORDS) + (random() < 0.7 ? " " : "");
        return character(kind < 0.8 ? alphabet : pick(ALPHABETS));
      }).join(""),
    );
  }
  return strings;
}
