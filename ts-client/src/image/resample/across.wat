;; Resizes a row of 8-bit RGB pixels along itself, two source pixels at a time.
;;
;; A coefficient has 22 bits after the point and does not fit the 16 bits of the multiplication that SIMD has
;; for sums of pairs. It is therefore split, high * 2048 + low, and the two sums are put together at the end:
;; all in wrapping integers, so the result is that of 32-bit multiplications.
(module
  (memory (export "memory") 1)
  (func (export "across")
    (param $row i32)     ;; source pixels, 8 readable bytes after the last
    (param $out i32)     ;; resized pixels, 1 writable byte after the last
    (param $starts i32)  ;; i32 for each output pixel: where its window begins, in bytes from $row
    (param $pairs i32)   ;; i32 for each output pixel: how many pairs of source pixels its window has
    (param $weights i32) ;; for each pair i16 high, high, low, low; each output pixel has $stride bytes
    (param $stride i32)
    (param $count i32)   ;; output pixels
    (local $source i32) (local $weight i32) (local $left i32)
    (local $pixels v128) (local $high v128) (local $low v128)
    (block $done
      (loop $pixel
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $source (i32.add (local.get $row) (i32.load (local.get $starts))))
        (local.set $weight (local.get $weights))
        (local.set $left (i32.load (local.get $pairs)))
        (local.set $high (v128.const i32x4 0 0 0 0))
        (local.set $low (v128.const i32x4 0 0 0 0))
        (block $summed
          (loop $pair
            (br_if $summed (i32.eqz (local.get $left)))
            ;; i16 lanes: both reds, both greens, both blues, nothing
            (local.set $pixels
              (i8x16.shuffle 0 16 3 16 1 16 4 16 2 16 5 16 16 16 16 16
                (v128.load64_zero (local.get $source))
                (v128.const i32x4 0 0 0 0)))
            (local.set $high
              (i32x4.add (local.get $high)
                (i32x4.dot_i16x8_s (local.get $pixels) (v128.load32_splat (local.get $weight)))))
            (local.set $low
              (i32x4.add (local.get $low)
                (i32x4.dot_i16x8_s (local.get $pixels) (v128.load32_splat offset=4 (local.get $weight)))))
            (local.set $source (i32.add (local.get $source) (i32.const 6)))
            (local.set $weight (i32.add (local.get $weight) (i32.const 8)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $pair)))
        ;; round half up at bit 22, then clip to 8 bits by narrowing twice
        (local.set $high
          (i32x4.shr_s
            (i32x4.add
              (i32x4.add (i32x4.shl (local.get $high) (i32.const 11)) (local.get $low))
              (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
            (i32.const 22)))
        (local.set $high (i16x8.narrow_i32x4_s (local.get $high) (local.get $high)))
        (local.set $high (i8x16.narrow_i16x8_u (local.get $high) (local.get $high)))
        ;; the fourth byte is overwritten by the next pixel
        (v128.store32_lane 0 (local.get $out) (local.get $high))
        (local.set $out (i32.add (local.get $out) (i32.const 3)))
        (local.set $starts (i32.add (local.get $starts) (i32.const 4)))
        (local.set $pairs (i32.add (local.get $pairs) (i32.const 4)))
        (local.set $weights (i32.add (local.get $weights) (local.get $stride)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $pixel)))))
