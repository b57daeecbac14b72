import { expect, test } from '@jest/globals'
import * as interop from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(interop).sort()).toEqual([
    'CorruptSeed',
    'FixedTracker',
    'Ground',
    'LIBTORRENT_DRIVER',
    'LineDriver',
    'NetworkNamespace',
    'Program',
    'WEBTORRENT_DRIVER',
    'aria2',
    'comparePayload',
    'findLibtorrentPython',
    'findProgram',
    'freePort',
    'killTrial',
    'libtorrent',
    'makeTorrent',
    'missingPrograms',
    'opentracker',
    'payloadContent',
    'payloadFiles',
    'payloadLength',
    'startOpentracker',
    'torrential',
    'transmission',
    'transmission4',
    'until',
    'webtorrent',
    'webtorrentInstalled',
    'writePayload',
  ])
})
