import { describe, expect, test } from '@jest/globals'
import { VirtualClock } from '@torrential/primitives'
import { HttpTracker, localNetworkGuard, type ResolvedHost } from '@torrential/tracker'
import { oddHttpServer, response } from './odd-http-server.ts'
import { announceRequest, sourceErrorOf } from './samples.ts'

const world: ResolvedHost = { host: '8.8.8.8', family: 4 }

const ask = (url: string, host: string, from?: ResolvedHost): boolean =>
  localNetworkGuard(new URL(url), { host, family: host.includes(':') ? 6 : 4 }, from) === undefined

describe('the guard of the local network', () => {
  test.each([
    '127.0.0.1',
    '127.200.3.4',
    '10.0.0.1',
    '172.16.9.9',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ])('lets %s be asked for announces only', (host) => {
    expect(ask('http://t/announce', host)).toBe(true)
    expect(ask('http://t/scrape', host)).toBe(true)
    expect(ask('udp://t:1/announce', host)).toBe(true)
    expect(ask('udp://t:1', host)).toBe(true)
    for (const path of [
      'announce?x=1',
      'admin',
      'announce/..',
      'api/reboot',
      '',
      'announce/x',
      'latest/meta-data/announce',
    ]) {
      expect([path, ask(`http://t/${path}`, host)]).toEqual([path, false])
    }
    expect(ask('udp://t:1/announce?x', host)).toBe(false)
  })

  test.each(['0.0.0.0', '::', '255.255.255.255', '224.0.0.1', 'ff02::1', '240.0.0.1'])(
    'never lets %s be asked',
    (host) => {
      expect(ask('http://t/announce', host)).toBe(false)
    },
  )

  test.each(['8.8.8.8', '2606:4700::1111', '64:ff9b::808:808', '2002:808:808::'])('leaves %s alone', (host) => {
    expect(ask('http://t/any/path?passkey=1', host)).toBe(true)
  })

  test('lets nobody outside send us to an address inside', () => {
    expect(ask('http://t/announce', '127.0.0.1', world)).toBe(false)
    expect(ask('http://t/announce', '127.0.0.1', { host: '10.0.0.1', family: 4 })).toBe(true)
    expect(ask('http://t/announce?a', '8.8.4.4', world)).toBe(true)
  })
})

describe('an HTTP tracker behind the guard', () => {
  const clock = new VirtualClock()

  test('is not asked for anything else on this machine, and gets no connection', async () => {
    await using server = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    const client = new HttpTracker({ clock }, { guard: localNetworkGuard })
    const { code } = await sourceErrorOf(
      client.announce(`http://127.0.0.1:${server.port}/api/reboot`, announceRequest()),
    )
    expect(code).toBe('TRACKER_BLOCKED')
    expect(server.heads).toHaveLength(0)
    await client.announce(`http://127.0.0.1:${server.port}/announce`, announceRequest())
    expect(server.heads).toHaveLength(1)
  })

  test('that redirects to something else here is not followed', async () => {
    await using server = await oddHttpServer((socket) =>
      socket.end(response('', ['Location: /api/reboot'], '302 Found')),
    )
    const client = new HttpTracker({ clock }, { guard: localNetworkGuard })
    const { code } = await sourceErrorOf(client.announce(`http://127.0.0.1:${server.port}/announce`, announceRequest()))
    expect(code).toBe('TRACKER_BLOCKED')
    expect(server.heads).toHaveLength(1)
  })

  test('whose name stands for another address at each look-up is met at the one that was looked at', async () => {
    await using server = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    const looked: string[] = []
    const client = new HttpTracker(
      { clock },
      {
        guard: localNetworkGuard,
        resolve: async (name) => {
          looked.push(name)
          return [{ host: '127.0.0.1', family: 4 }]
        },
      },
    )
    const url = `http://rebound.test:${server.port}/announce?passkey=1`
    expect((await sourceErrorOf(client.announce(url, announceRequest()))).code).toBe('TRACKER_BLOCKED')
    expect([looked, server.heads]).toEqual([['rebound.test'], []])
  })
})
