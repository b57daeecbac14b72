import { expect, test } from '@jest/globals'
import { formatBytes, formatDuration, formatPercent, formatRate } from '../src/quantity.ts'

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [10_240, '10.0 KiB'],
  [102_400, '100 KiB'],
  [1_048_575, '1.00 MiB'],
  [1_572_864, '1.50 MiB'],
  [2 ** 53 - 1, '8.00 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('rates are bytes per second', () => {
  expect(formatRate(2048)).toBe('2.00 KiB/s')
})

test.each([
  [0, '0.0 s'],
  [400, '0.4 s'],
  [9949, '9.9 s'],
  [9950, '10 s'],
  [59_600, '1 m 00 s'],
  [185_000, '3 m 05 s'],
  [7_620_000, '2 h 07 m'],
  [442_800_000, '5 d 03 h'],
  [undefined, '–'],
  [Number.POSITIVE_INFINITY, '–'],
])('%p ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

test('a percentage does not say 100 before it is complete', () => {
  expect(formatPercent(0)).toBe('0.0 %')
  expect(formatPercent(0.99999)).toBe('99.9 %')
  expect(formatPercent(1)).toBe('100.0 %')
})
