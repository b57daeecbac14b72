import { describe, expect, test } from '@jest/globals'
import { hostOf, parseTrackerUrl, schemeOf, scrapeUrlOf } from '../src/tracker-url.ts'

describe('a tracker URL', () => {
  test.each([
    ['http://tracker.test/announce', 'http', 'tracker.test'],
    ['  https://tracker.test:8443/x/announce?k=1 ', 'https', 'tracker.test'],
    ['udp://tracker.test:80/announce', 'udp', 'tracker.test'],
    ['udp://[2001:db8::1]:6969', 'udp', '2001:db8::1'],
    ['udp://bücher.test:6969', 'udp', 'xn--bcher-kva.test'],
    ['http://bücher.test/', 'http', 'xn--bcher-kva.test'],
    ['wss://tracker.test', 'wss', 'tracker.test'],
  ])('is %s', (text, scheme, host) => {
    const url = parseTrackerUrl(text)
    expect(url && [schemeOf(url), hostOf(url)]).toEqual([scheme, host])
  })

  test('keeps the port of a UDP tracker, also one that HTTP would leave out', () => {
    expect(parseTrackerUrl('udp://tracker.test:80/')?.port).toBe('80')
  })

  test.each([
    ['without a scheme', 'tracker.test/announce'],
    ['of a file', 'file:///etc/passwd'],
    ['with a line end inside', 'http://tracker.test/\r\nX: y'],
    ['with a tab inside', 'http://tracker\t.test/'],
    ['with a NUL', 'http://tracker.test/\u0000'],
    ['with a space', 'http://tracker.test/a b'],
    ['without a host', 'http://'],
    ['of 4,097 characters', `http://t/${'x'.repeat(4_088)}`],
    ['over UDP without a port', 'udp://tracker.test/announce'],
    ['over UDP with a damaged escape', 'udp://%zz:1/'],
    ['over UDP with an escape that is no name', 'udp://a%20b:1/'],
  ])('is not one %s', (_what, text) => {
    expect(parseTrackerUrl(text)).toBeUndefined()
  })
})

describe('the scrape URL (BEP 48)', () => {
  test.each([
    ['http://t/announce', 'http://t/scrape'],
    ['http://t/x/announce?k=1', 'http://t/x/scrape?k=1'],
    ['http://t/announce.php?x=announce/y', 'http://t/scrape.php?x=announce/y'],
    ['http://t/a/announce%20b', 'http://t/a/scrape%20b'],
    ['http://t/announce/x', undefined],
    ['http://t/a', undefined],
    ['http://t/?x=/announce', undefined],
  ])('of %s is %s', (announce, scrape) => {
    expect(scrapeUrlOf(new URL(announce))?.href).toBe(scrape)
  })
})
