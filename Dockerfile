# A static binary on an empty base. Nothing else is in the image: no shell, no libc, no certificates but the CA bundle.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN make static OUT=/out

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/latchkey /latchkey
USER 65532:65532
EXPOSE 10250 8080
ENTRYPOINT ["/latchkey"]
CMD ["serve"]
