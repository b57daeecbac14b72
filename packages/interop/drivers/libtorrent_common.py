"""What every program on libtorrent here begins with: plain TCP only, so that a test meets exactly the protocol that it is about."""

import json
import sys
import warnings

import libtorrent as lt

# libtorrent's Python module calls some of what it has no other name for deprecated.
warnings.simplefilter("ignore", DeprecationWarning)

# A value of settings_pack's enums, which the Python module does not name.
ENCRYPTION_DISABLED = 2

# No DHT, LSD, uTP or port mapping; many peers on one address.
SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "ssrf_mitigation": False,
    "alert_mask": lt.alert.category_t.status_notification
    | lt.alert.category_t.error_notification
    | lt.alert.category_t.storage_notification,
}

WITHOUT_ENCRYPTION = {"in_enc_policy": ENCRYPTION_DISABLED, "out_enc_policy": ENCRYPTION_DISABLED}


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return (host, int(port))
