// A 2048-bit key pair for tests only, and a message that OpenSSL's command line encrypted with it.
#pragma once

#include <string_view>

namespace wanlab::test {

inline constexpr std::string_view rsa_private_pem = R"(
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC686UajaUa1tq5
LAKODkAox7rbxxShu7ff9fidhOb/q1DlqIoYK0kdOZ8z2ZrOX7RptPPLFY+P62ks
3Qz/vpU4WrbW714CvN+Ooyg1tqwYDtTvyKtZodLxqqWc/0ZoebogOxpOpnB3+ZTr
blSEH8rB9CZERbeLMftpGWu2wQObjaCuelfP+BriGm0WABMFk2Bw53+Jp6EbNzjt
1mRwjxcMEhEaM9hQ2rHO6GFl4eA9n9gwlj7j7JbwqadjTFpCBiycEg7EMZT+sIT6
x+E5BkFdrck0SH57v3FySxoyEhyLS7tajJXrFV+SEgbmScsIDgACP+viHSzjDND0
rFC43tsjAgMBAAECggEAA6OasXDtZ4YKihoCglJiF4kfwlRwB3mFQ3cUKLjKdR9k
4TuN7v+BgLyhtGgsqVskKP4y1EXheATPx/97iv570bXn79Igy3I/jC6+QyFnQy0F
7xVbl7b2Yx1JWpkYShAiIKt8QE8UF5NeCm31qwBVbL+vmQE3m+shDWaULRTS8nQS
sGXlTGBXB8dO/lexgQ5kl8mtte2O+6Jgjal05o6bEB8JVnmegZ0Xqhj07Egb7bjL
pLH7KLJQ9aueWox0qzgh2qHIMgxRgyuogYagn1uMGqyIkoM9btmGsUBgO41vm0iQ
NQFn+OyoqxtjqEebFlbanieOnz8W8EJxmSG++sozsQKBgQDbFkwl5+3zhw/CFCBY
Tu7GMPzRH8Rce3pMAJPs02O/E7kj5mxCWMCVMVrWFy47V0vhS5GL+bHQ/nEnqhPm
A8MnlzKaKCIsJJ5hGbCcvOnwwN06gWd8sCMMSzgoYeZpHhgcZMHHwYrWHiBFgWAB
1pAJVDfnpjYUcQzlMXIcpr4OkwKBgQDac0ePljJyn/ICwHoUGpRMRYVxBq4/bY6x
UZg+LaIjgiukhAmxDbcA0vfWT8yLtXqkLbe6vui0z7BlmjHEo2a+tcKIaPxfn3/+
b8iX8rwzG/RJxyokwT6ICMdQTg9Vcmza6GJwa9Zu7j5hRwpNP3iDjSVW+KJoYk9/
KaR/iYNLMQKBgQCN/6S5SNrMZbTL+NmCAx71rBigvnM58foxOoqmC9jxpqnv39A5
LGceC9AxRPL9GTagPqeGTv92UwQqTiz5f2TEy1XL3slPTSiuDMWQwUzrc0WwPuFB
SrRcqoAqhFGfvhaoiJGklAgVgY8vHYyJhHT05vYZGXyhwSg3gNXSRiyXKwKBgH/U
YZXGYHLu4aF2nHlTLGCNdg6zyBdZttxQUPRho7V/oKY+laVDz0juKxT/0UQXyFJ2
ZkMjH+1ec2yhFGpq697BYbqNJNGX9kAfjZRM+JA31XWu1Bx58GuOJ4P4icSIluZq
geAjWnHDfEFUXtThRVZFrAn+qJrInJhe9+GhyHChAoGADDTFGTNCFd6j+e2LBMUu
FwWb1HGKIJRqXPvrcpLIyIKK1bS9jfN1y0tKmTi9A/xQ2PijhvlEcwtyWB3FlUfM
HBOVK1j3zhiAYCYmAfciE0To5KTKLLeOkGfriE7ayJyBdz7p/Yiu6FkpsI7lP0ST
EQk+ObXt13X3KNHoi+klmJg=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view rsa_public_pem = R"(
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuvOlGo2lGtbauSwCjg5A
KMe628cUobu33/X4nYTm/6tQ5aiKGCtJHTmfM9mazl+0abTzyxWPj+tpLN0M/76V
OFq21u9eArzfjqMoNbasGA7U78irWaHS8aqlnP9GaHm6IDsaTqZwd/mU625UhB/K
wfQmREW3izH7aRlrtsEDm42grnpXz/ga4hptFgATBZNgcOd/iaehGzc47dZkcI8X
DBIRGjPYUNqxzuhhZeHgPZ/YMJY+4+yW8KmnY0xaQgYsnBIOxDGU/rCE+sfhOQZB
Xa3JNEh+e79xcksaMhIci0u7WoyV6xVfkhIG5knLCA4AAj/r4h0s4wzQ9KxQuN7b
IwIDAQAB
-----END PUBLIC KEY-----
)";

// openssl pkeyutl -encrypt -pkeyopt rsa_padding_mode:oaep, of "correct horse".
inline constexpr std::string_view rsa_cipher_hex =
    "596e7498b092a0c7d740e7cd585b4cd956c8e20a4f4d09681fce36bd8875abd3"
    "b002b1119f0df3ac3429b1baf0d73cfeda89acae380b7b9f7253ce40da82cde4"
    "37ecc9584479735781cc5c96b485af9986e3b289e144a0a02c568f3869c9a9e4"
    "839ecad8e88fd12aba33295bce1a8fb5e36b14a6a7a93f427ce698f3edd5d493"
    "4c9a14d8321d1bc3b86fe2532fe5c39b8f5ce877ff232662b98184124721c3db"
    "18a8aa57828ea1db45915fde33aa3788290f99b72f43763c8aaa40b2714c21a0"
    "956b592bea944fd64d6a3b76e2fb9ab0f607b97a7ab6e12bef0dba7220ddf2af"
    "9baa3a72e11c76600746b3ef9641550838761493810f8581129d422bce91c3ff";

}  // namespace wanlab::test
