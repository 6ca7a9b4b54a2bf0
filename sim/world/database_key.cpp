// The RSA key of every simulated database: caching_sha2_password without TLS needs one for full
// authentication. It protects nothing and is the same in every run, so that runs repeat exactly.
#include "sim/world/database_service.hpp"

#include "sim/base/check.hpp"

namespace wanlab::world {

const crypto::RsaPrivateKey* database_key() {
  static const std::optional<crypto::RsaPrivateKey> key = crypto::RsaPrivateKey::from_pem(
      R"(-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDPQZZzyjZ7Eg3w
sBrKHlpsmlEDv/IWsFdrLKQ1gRKtLLs+uAcTLcIh3cJjL2CUgaWJdcIHIMdioeH1
Ok964ooEImHgFlCxQEjbS15LCqGT3Mym3on11sqdpLtRsYMMokU9myQtli3E4gzi
sKNKeAmrgQt+ZBIs7cKmsp9+bHPCtcXIvnTwj80B3TKQTKpizWKhk9vqa0xo4H48
9Potft+kfqNDoLItUvGnwpDJK3/MRS3tv9xM0CpZp2PWKtGwdD8tPcwXMwEYfWTJ
PL+BOIp23dgyk8vCUBTanyodnkmOGOIgaaGK9t8bVeiNXx/uyrDTQTqbJrctkrCE
bBiY3OgNAgMBAAECggEANdsvQ2t6eMSaRr8cVwVILgxznOvV9rtgHAN/sD+YINQM
3CFqBTvQxIghqTB4gl6mK3AkOUH1TdYPJ3A9kwsnHifpExf5Y/X2eLW/DPT4Q7oO
nBYb93wXLpvN6U6dZT0NjRKxdf8eaZjsDEQmSoWizaQ83l0WtAIcoMCt3WZFNoUZ
2Ons/suBAFF3tF1Npad44hzsBb3cW0eZvpIlxOkS1+G/lxmbQBkuIwXL0oea2l7h
YnEA+twfFxEHkG4SFmwewgQHNwR8ceG70NZp8VHPPYGs8A1npI6FpG6DC2bL/p0z
foyS9yRffv6NyULecb3r4x4pxzXRGVP5lFTCelbf6QKBgQDtpeP3LoJoL7EoJton
MHW8e295KRsLW68Q1e6eFP5QaS1tFYjPFejDzNKbxWKXrgit4PlYY+QVfs9P3dJN
9ds4B5BxpViVsoeTmBJEAL2YeTChhIaul7mbLzeh8Y7MxbHiYyUZmebkwzFCyAtO
A6KiGXRLhP6d1U0RE6+u0xcodwKBgQDfQuAswM/qMLAk5r3LRvMqQlDKBFv6Uo1/
8yChjx/YbLRXsHcoEGc6sJPL4auK+namF4CvFav8CKFw8B0Rr73Hd+RaXm+brS45
Dn9+TUiy7PoctUqpJc4Xfou1HrbWBfyZSG+H2xCo6KmzoiRaOOXkFB0h/s1zGbiy
SUlA7aXYmwKBgQDOs8rL1aVRz6Gshdab3ZeagFaeMPW39GAaKamp0CK/eCwtxFxB
mxHhNIc/O/kcayBbdOIMUp4xYCIbmpnwe1bYriOh5apeUnGAG/ZPNcGzHD4DTs0C
kS+8Xd5qujt1usKVYZ0EXoupEGoJZwwGKD1N9wvjH+ODDuNAZjoZurta0wKBgQCg
KrH4aTq/n74+Ourd8kBwiLK8uvPhWWf56sn2HV+TPCkE36wcKehkyli9Y2BVi+mi
rim7cai4Xtiy1Q+FqLZVa0V/L1CSNmN6u1ProDYPZsLn5YdyYZTAdiB0B1zTnefh
b33T0OzawE8+d4vszfTe8y8TPGDXuhQukzTiR5s7EQKBgQDNuUsj0cmptKd7eVDp
yOoQqmPEM1EzLD95lt6rk/KkhEIXYWfNMNhLkG8SZQIW10ZOH2lKxPfTot+Gqbqf
zkuNoGLEkvhMRqKHfwsaY3ulv418d6hG7vBvqM/xuaMtG+kxBaoOo2j9G0kpuY0u
jqouM7LHliVu3/aAqb3QDD5a3w==
-----END PRIVATE KEY-----
)");
  WANLAB_CHECK(key.has_value(), "the built-in RSA key does not parse");
  return &*key;
}

}  // namespace wanlab::world
