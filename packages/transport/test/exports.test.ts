import * as transport from '@torrential/transport'
import { expect, test } from '@jest/globals'

test('the package exports exactly these names', () => {
  expect(Object.keys(transport).sort()).toEqual([
    'DIAL_DEFAULTS',
    'LISTEN_DEFAULTS',
    'MemoryNetwork',
    'MemoryTransport',
    'RateLimit',
    'TcpTransport',
    'TokenBucket',
  ])
})
