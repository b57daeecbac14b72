// Everything that a tracker over HTTP can do wrong, and the code that has to come of it.

import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { response } from './odd-http-server.ts'

const page = '<!DOCTYPE html><html><body>It works!</body></html>'
const bomb = gzipSync(Buffer.alloc(50_000_000))

/** What a tracker does, and the code that comes of it. */
export const httpFaults: Readonly<Record<string, readonly [behave: (socket: Socket) => void, code: string]>> = {
  'a web page': [(socket) => socket.end(response(page)), 'TRACKER_REPLY'],
  'an empty reply': [(socket) => socket.end(response('')), 'TRACKER_REPLY'],
  'random bytes': [(socket) => socket.end(response(Buffer.from([1, 2, 3, 255]))), 'TRACKER_REPLY'],
  'bencode that is no dictionary': [(socket) => socket.end(response('li1ee')), 'TRACKER_REPLY'],
  'a dictionary cut off': [(socket) => socket.end(response('d8:interval')), 'TRACKER_REPLY'],
  'a dictionary without anything useful': [(socket) => socket.end(response('d3:foo3:bare')), 'TRACKER_REPLY'],
  'a string of negative length': [(socket) => socket.end(response('d-3:e')), 'TRACKER_REPLY'],
  'a string with a length of a terabyte': [
    (socket) => socket.end(response('d5:peers1099511627776:e')),
    'TRACKER_REPLY',
  ],
  'bencode nested too deep': [(socket) => socket.end(response(`d1:a${'l'.repeat(50_000)}`)), 'TRACKER_REPLY'],
  'compact peers of seven bytes': [(socket) => socket.end(response('d5:peers7:abcdefge')), 'TRACKER_REPLY'],
  'compact IPv6 peers of seventeen bytes': [
    (socket) => socket.end(response('d6:peers617:aaaaaaaaaaaaaaaaae')),
    'TRACKER_REPLY',
  ],
  'something that is not HTTP': [(socket) => socket.end('garbage\r\n\r\n'), 'TRACKER_REPLY'],
  'a reply that ends early': [
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nd8:inter'),
    'TRACKER_REPLY',
  ],
  'a chunked reply that breaks off': [
    (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nd8:'),
    'TRACKER_REPLY',
  ],
  'a chunk size beyond all numbers': [
    (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nd8:'),
    'TRACKER_REPLY',
  ],
  'an unknown content encoding': [
    (socket) => socket.end(response('xx', ['Content-Encoding: snappy'])),
    'TRACKER_REPLY',
  ],
  'gzip that is damaged': [
    (socket) => socket.end(response('\u001f\u008bjunk', ['Content-Encoding: gzip'])),
    'TRACKER_REPLY',
  ],
  'a gzip bomb': [(socket) => socket.end(response(bomb, ['Content-Encoding: gzip'])), 'TRACKER_TOO_LARGE'],
  'a reply of more than 1 MiB': [(socket) => socket.end(response(Buffer.alloc(1_048_577))), 'TRACKER_TOO_LARGE'],
  'an endless reply': [
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const flood = () => {
        if (!socket.destroyed) socket.write(Buffer.alloc(65_536), () => setImmediate(flood))
      }
      flood()
    },
    'TRACKER_TOO_LARGE',
  ],
  'an oversized head': [
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`),
    'TRACKER_TOO_LARGE',
  ],
  'a connection closed before any reply': [(socket) => socket.end(), 'TRACKER_UNREACHABLE'],
  'a connection reset': [(socket) => socket.resetAndDestroy(), 'TRACKER_UNREACHABLE'],
  'status 404': [(socket) => socket.end(response(page, [], '404 Not Found')), 'TRACKER_HTTP_STATUS'],
  'status 503': [(socket) => socket.end(response('', ['Retry-After: 120'], '503 Busy')), 'TRACKER_HTTP_STATUS'],
  'status 204': [(socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), 'TRACKER_HTTP_STATUS'],
  'a failure': [(socket) => socket.end(response('d14:failure reason6:banishe')), 'TRACKER_FAILURE'],
  'a failure with status 400': [
    (socket) => socket.end(response('d14:failure reason4:nopee', [], '400 Bad')),
    'TRACKER_FAILURE',
  ],
  'a failure that is no text': [(socket) => socket.end(response('d14:failure reasoni1ee')), 'TRACKER_FAILURE'],
  'a redirect loop': [(socket) => socket.end(response('', ['Location: /announce'], '302 Found')), 'TRACKER_REDIRECTS'],
  'a redirect to nowhere': [(socket) => socket.end(response('', [], '302 Found')), 'TRACKER_REDIRECTS'],
  'a redirect to a file': [
    (socket) => socket.end(response('', ['Location: file:///etc/passwd'], '301 Moved')),
    'TRACKER_REDIRECTS',
  ],
  'a redirect to a UDP tracker': [
    (socket) => socket.end(response('', ['Location: udp://127.0.0.1:1/'], '307 Moved')),
    'TRACKER_REDIRECTS',
  ],
}
