"""The one public address of a cluster: HAProxy or nginx, configured from the nodes that live.

`plan` decides from the registry who gets what; `haproxy` and `nginx` put a plan into words; `slots` turns a running
HAProxy into what a plan wants without a reload; `keeper` does so for as long as it runs.
"""
