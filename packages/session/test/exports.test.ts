import { expect, test } from '@jest/globals'
import * as session from '@torrential/session'

test('the package exports exactly these names', () => {
  expect(Object.keys(session).sort()).toEqual([
    'FileStream',
    'Peer',
    'Session',
    'Torrent',
    'TorrentFile',
    'createSession',
    'loadSource',
  ])
})
