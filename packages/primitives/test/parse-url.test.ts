import { expect, test } from '@jest/globals'
import { parseUrl } from '@torrential/primitives'

test('a URL is parsed, relative ones against their base, and what is none gives undefined', () => {
  expect(parseUrl('http://tracker.test/announce')?.host).toBe('tracker.test')
  expect(parseUrl('scrape', 'http://tracker.test/announce')?.href).toBe('http://tracker.test/scrape')
  expect(parseUrl('scrape')).toBeUndefined()
})

test('names with letters outside of ASCII are read the hundred-thousandth time as they are the first', () => {
  let missed = 0
  for (let i = 0; i < 100_000; i++) if (parseUrl('http://bücher.test/')?.hostname !== 'xn--bcher-kva.test') missed++
  expect(missed).toBe(0)
})
