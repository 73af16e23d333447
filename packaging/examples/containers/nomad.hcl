job "shop" {
  group "web" {
    count = 2

    network {
      port "http" {}
      port "metrics" {}
    }

    service {
      name = "shop"
      port = "http"

      check {
        type     = "http"
        port     = "metrics"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }
    }

    update {
      max_parallel     = 1
      canary           = 1
      auto_promote     = true
      min_healthy_time = "5s"
    }

    task "geventd" {
      driver       = "docker"
      kill_signal  = "SIGTERM"
      kill_timeout = "60s" # more than the drain times together

      config {
        image        = "registry.example.com/shop:1"
        network_mode = "host"
        args         = ["geventd", "shop:application"]
      }

      env {
        PORT                            = "${NOMAD_PORT_http}"
        GEVENTD__METRICS__LISTEN        = "http://0.0.0.0:${NOMAD_PORT_metrics}"
        GEVENTD__WORKERS__PROCESSES     = "2"
        GEVENTD__LIMITS__DRAIN_DELAY    = "10s"
        GEVENTD__LIMITS__DRAIN_REQUESTS = "30s"
      }

      resources {
        cpu    = 2000
        memory = 1024
      }
    }
  }
}
