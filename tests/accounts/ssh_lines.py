"""Public SSH keys, made by ssh-keygen (security keys: with the points of such keys)."""

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDur7WtOwnnj9Lcso+QxWDedkGsZzcUuGzQ47L5hQC/E"
ECDSA_256 = (
    "ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHLYnQLBWHi/FGUoH5ekv0lqZ7G0E1oO"
    "9XAXnI4Kxm+3cAfIWhIqW28ZeG13Ht9eBG0mU8rb0FWHhxiO193oQ/M="
)
ECDSA_384 = (
    "ecdsa-sha2-nistp384 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBAfYnZPLYOkNLFRSWGk5eEwNkDia2gCM"
    "BLqeTlsjpVREX5pxUbRp797XIxaoFGjmFw/Ab3UsMjjcPTacrjCD4vQ691Geke4LB6Ip0iYfoEQy06Dxy49+"
    "DEzoBBb+CeZmmA=="
)
ECDSA_521 = (
    "ecdsa-sha2-nistp521 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAEej+Wr6xGnUx0A+IWCtcflPpLRDJJg"
    "36QtZ7AGtZic09BI1mnIjC5STndt1hY1J/recO1n9rhVU+f9S+3enSzcpADMRMqX9NACQV7/1VYDaAtSp5HD"
    "/b+jyTLQw0Zk+nxjbeEH8dYAVRLDvfkQ4bNikuHsnrB/QFyNO2G7aY9AqkNK0g=="
)
RSA_3072 = (
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABgQCzywCWixykDjH6xGEFTqg+PMtN5/n+oMD7YmkLdOJgRd+3qRSMKNJt"
    "Y+/5F1FAPIuOVgXGDjJcwHae2BP2VMpWIGIp9CFmug3GanF3nmZhI0Jp+Aysm/9zdvnofY6Oph3oAo8mToMl"
    "S17EjKdUUCFb+cnICWzTs2hllVuDqqJO1XwWlGmmv/PgjOiWxaOS4X5xmhzYI2kRCeZtkIBzBhm4ihz5Xbu3"
    "THDztSB0OL8/iz2Fz+Uz54xYh1SQqg0sHJck0qBin1KaymB8VZfvqZMj69I+gjPwK1mKE1doQSDSU9kRYPnS"
    "hVGy2sD4uFy1sg9XAMKqOw2qDJn1XqrwCeMk7G8MF8RMaftbmLhKE06X6HDqBbcr5bwU9Mj41wKreuVXAOy3"
    "ZatG+vCtWdnoKpSXKPpm+QE9mtrDsB2ar9d7N5BDpdud+/mpdFk98XQQLCyxo8uNhYx1Agv0FPbL0u3pc+zU"
    "REdrHjwFF3EdvyUsuAnNzPZ7DpcQbv+MJmtFVmc="
)
RSA_2048 = (
    "ssh-rsa "
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCcs1jn76/GrOMnSAVagksU1v+uapaPjaeZQkij4lavtItq8CbloNwV"
    "Rx+Ptfrmn2rGjV4M6TkCC8vc4iDkJ17UarA5PZK/UguiC5i4TCGaL5YXy3nIy3XabLQPxKhwZZNvYoJXSkb7"
    "FHx2GXQhYq5QNde/8l/wH5I12xzo12fhWqoncSIzw3FbxS0dINHJt36YayOhFATgg3HgGgk/HApWfaPfPouw"
    "pzCcQBwRFdGuWZw2N5DwlqCJPHn2ZXrYdnwyiv9AG5p1jQir4u7IzUF+c1W5mRupCKNXeKS3uXhYVPIQdqJH"
    "gG6203sVxxv7c5Rum2R13A1LNnBJ0TsOKa8D"
)
DSA = (
    "ssh-dss "
    "AAAAB3NzaC1kc3MAAACBAPS2mdqMzXznk/c6y6Csha3PQuBM/MGbpA2jJlGXnJUGB3/hzupOdEwfmNQSQG+Z"
    "4FmVMVSbRW3td6obZte4JJN/0WZ/8bmHhRqVPGJMNjfLNPg+UHGrfl3TAKer6vGDmM0jnWoexSXh2FQJj+90"
    "NzoRBIJ2p71DjROe9/1c8GFvAAAAFQCCWAOtVjF314cKxQ9OFN9xToJqNQAAAIALshok371q8m1jH2Bgmi9Z"
    "yAZg5zFqDKlefMKAYikhQHbm2L+VkFsNTaW7k9x15v1ZoG7QGIMOersAGFJ6UhCiVnjlCU1pjqDF/COZqiLL"
    "qDC60ejrVl+zXkBRz81siY5dLcaHknXpLZwP1uDkQK6QEjGsOTQPz+HvMjOs+06/tgAAAIATT1EhPNjpP7og"
    "NfHWW91AvPDTxqJ9T/u73MuHqSg2vLOrZ3zXDfw+u/sjf1i/jNIuYKN7x8uRYyXM357Kswd2flVbTOvm74KS"
    "3UDDIwjw9XaVSDwno8XUa1u04MPfVDwwL3ktuXAXRcAviF43YFSRA7Nl0H7MNSqwbIFRcrcwlQ=="
)
SK_ED25519 = (
    "sk-ssh-ed25519@openssh.com "
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPR5NVvOhtOWOjX9Ys4bPcF6wJMQa1Hkt66Al8u+"
    "Uh4EAAAABHNzaDo="
)
SK_ECDSA = (
    "sk-ecdsa-sha2-nistp256@openssh.com "
    "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBOMZL7Aw21dY"
    "08qZ/74x7v3Xf8q2cnOaf3u9w0RNHNPElAY5KNy9zCs/nyaCGK7UDo2uRWLOEo20+S2/y0AoYeAAAAAEc3No"
    "Og=="
)
ED25519_2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA837UbFIrZWftMzuE8UOhBttn92MLugw9Us9AjuZA5L"

ACCEPTED = {
    "ssh-ed25519": ED25519,
    "ecdsa-sha2-nistp256": ECDSA_256,
    "ecdsa-sha2-nistp384": ECDSA_384,
    "ecdsa-sha2-nistp521": ECDSA_521,
    "ssh-rsa": RSA_3072,
    "sk-ssh-ed25519@openssh.com": SK_ED25519,
    "sk-ecdsa-sha2-nistp256@openssh.com": SK_ECDSA,
}
FINGERPRINTS = {
    "ssh-ed25519": "SHA256:jBldXRHPXV1PcoEqrhFp92n5k5Xj9I+1mDJewpIx1ws",
    "ecdsa-sha2-nistp256": "SHA256:pt63+HxIkG1NV9VKTSRjBJqeUjM4Li3tWyGmt9RtjBo",
    "ecdsa-sha2-nistp384": "SHA256:/hpKGjHawPKpidC43F2gancQPnUEXtAouAQtrlHNypA",
    "ecdsa-sha2-nistp521": "SHA256:r3tr8AgMKbRG/y5VfeWSP88gD1Xt3OqxYyMm66xqcFY",
    "ssh-rsa": "SHA256:oeVhRNQe5bQSUgKBnmutDkbJvAR4klaR7ckKXWVhn68",
    "sk-ssh-ed25519@openssh.com": "SHA256:E5/q5EM0Vi+icIwphppR53TwWyRdu3jxOl2V/6m23b4",
    "sk-ecdsa-sha2-nistp256@openssh.com": "SHA256:eRuWxZ5ygkAZNTxLmlL/dEvjFzgz135KOHIN3Sc8FkQ",
}
"""As ssh-keygen -l prints them."""
