"""Checks what is on disk against a .torrent with libtorrent, and ends: with 0 when everything is there and right.

  libtorrent_check.py TORRENT DIRECTORY HASHING_THREADS
"""

import os
import sys
import warnings

import libtorrent as lt

warnings.simplefilter("ignore", DeprecationWarning)
settings = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "hashing_threads": int(sys.argv[3]),
    "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
}
session = lt.session(settings)
params = lt.add_torrent_params()
params.ti = lt.torrent_info(sys.argv[1])
params.save_path = sys.argv[2]
params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(params)
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.torrent_checked_alert):
            # Leaving through the destructor would wait for what nobody has asked for.
            os._exit(0 if handle.status().is_seeding else 1)
