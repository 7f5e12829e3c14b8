"""URLs that would lead inside, in the spellings that have got past other people's checks."""

# What names say here; every other name is not known.
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localtest.example": ["127.0.0.1"],
    "six.example": ["::1"],
    "ula.example": ["fd00:ec2::254"],
    "mapped.example": ["::ffff:10.0.0.5"],
    "half.example": ["93.184.215.14", "10.0.0.5"],
    "half-six.example": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "fe80::1%eth0"],
    "metadata.google.internal": ["169.254.169.254"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "printer.local": ["192.168.1.7"],
    "good.example": ["93.184.215.14"],
}
INSIDE = (
    # plain addresses of every inner network
    "https://127.0.0.1/", "https://127.8.8.8/", "https://0.0.0.0/", "https://0.1.2.3/", "https://10.0.0.1/",
    "https://100.64.0.1/", "https://100.100.100.200/latest/meta-data/", "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.0.1/",
    "https://192.0.0.192/opc/v2/instance/", "https://192.0.2.1/", "https://198.18.0.1/", "https://198.51.100.7/",
    "https://203.0.113.9/", "https://224.0.0.1/", "https://239.255.255.250/", "https://240.0.0.1/",
    "https://255.255.255.255/", "https://168.63.129.16/metadata", "https://192.88.99.1/",
    # IPv6: loopback, unspecified, link-local, unique local, mapped, compatible, 6to4, Teredo, NAT64, multicast
    "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/", "https://[fd00:ec2::254]/latest/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
    "https://[::ffff:169.254.169.254]/", "https://[::127.0.0.1]/", "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::]/", "https://[2001:0:7f00:1::]/", "https://[64:ff9b::127.0.0.1]/",
    "https://[64:ff9b:1::a00:1]/", "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[fec0::1]/",
    "https://[100::1]/", "https://[3fff::1]/", "https://[::ffff:0:127.0.0.1]/", "https://[5f00::1]/",
    # other spellings of numbers
    "https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
    "https://127.1/", "https://127.0.1/", "https://127.0.0.01/", "https://127.0.0.0x1/", "https://0/", "https://0x0/",
    "https://2852039166/", "https://169.254.43518/", "https://0xa9.0xfe.0xa9.0xfe/", "https://127.0.0.1./",
    "https://127.0.0.1.1/", "https://4294967297/", "https://00000127.0.0.1/",
    # letters and digits that become ASCII, and other dots
    "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://ⓛocalhost/", "https://loc\u00adalhost/",
    "https://١٢٧.0.0.1/", "https://lOcalhoſt/",
    # names
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://localtest.example/",
    "https://six.example/", "https://ula.example/", "https://mapped.example/", "https://half.example/",
    "https://half-six.example/", "https://metadata.google.internal/computeMetadata/v1/", "https://nat64.example/",
    "https://printer.local/", "https://good.example./",
    # names and passwords, and signs that end a host for one parser and not for the other
    "https://good.example@127.0.0.1/", "https://127.0.0.1@good.example/", "https://good.example:x@localhost/",
    "https://good.example%40127.0.0.1/", "https://127.0.0.1#@good.example/", "https://good.example#@127.0.0.1/",
    "https://127.0.0.1\\@good.example/", "https://good.example\\@127.0.0.1/", "https://127.0.0.1%00.good.example/",
    "https://127.0.0.1\t/", "https://\r\n127.0.0.1/", " https://127.0.0.1/", "https:// 127.0.0.1/",
    "https://%31%32%37.0.0.1/", "https://good.example:443:80/", "https://good.example:@127.0.0.1/", "https://[::1/",
    "https://::1/", "https://[127.0.0.1]/", "https://[good.example]/", "https://[::1]good.example/",
    # other schemes and places
    "http://good.example/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/stats", "ldap://127.0.0.1/", "javascript:alert(1)", "data:text/plain,x", "//127.0.0.1/",
    "127.0.0.1", "https:127.0.0.1", "https:/127.0.0.1/", "https:///127.0.0.1/", "https://", "", "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/", "url:https://127.0.0.1/",
    # ports
    "https://good.example:22/", "https://good.example:6379/", "https://good.example:0/", "https://good.example:65536/",
    "https://good.example:-1/", "https://good.example:٤٤٣/", "https://good.example:/", "https://good.example:443x/",
)  # fmt: skip
