# Ends an Envoy without cutting a request: it says that it is unhealthy, waits until who asks for
# that has heard it, takes no new connection, and lets what is under way end.
admin() { curl -fsS --max-time 5 --unix-socket "$RUNTIME_DIRECTORY/admin.sock" "$@"; }

admin -o /dev/null -X POST http://envoy/healthcheck/fail || exit 0
sleep 3
admin -o /dev/null -X POST 'http://envoy/drain_listeners?graceful'
for second in $(seq 30); do
    admin 'http://envoy/stats?filter=^http.edge.downstream_rq_active$' | grep -qx '.*: 0' && exit 0
    sleep 1
done
