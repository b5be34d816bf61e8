"""The identities of the keys that tests have: each takes seconds to find."""

from __future__ import annotations

IDENTITIES = {
    "backbone_aws_1_key": (
        "7c28704e09:0:b4864221ad2a51cc8b4832bda92dbdf636e2e5668b8e7639cc8cb83de521b21d"
        "1982a48f82d18559c2dd35e8a0241dff30c6a9bbdc8d61ba9293ae7225df6310"
    ),
    "backbone_aws_2_key": (
        "18e24f4562:0:a2921148ea6c07f0bd6e583f49171c1fd6573c6381dea049806625d03d3a9e2b"
        "b48232d611c89a790185e48091aa4a83c7757e729024d52d5ae910455fc445d0"
    ),
    "backbone_google_1_key": (
        "35e7999bc0:0:cefac6debb1ceb89acb02405d898d7a29f510a49aa173226266278014522f232"
        "1d91e7c1cf696e3f687050c8f74d361d4267d75911fc371b2db7707392f3d6cc"
    ),
    "backbone_google_2_key": (
        "9e0c14063b:0:408094f6a154319d8362feb29fe3ea3e7bdda693317e2f0376da9ef46ab38d3b"
        "df1bd4bc0ea2bf1fa5cce843ca28279c3e1a2c20b021b6e29bec05c35240d149"
    ),
    "backbone_azure_1_key": (
        "126d039033:0:97f8eb6fbabaa4b38779245f4922891c23e957a239a13b843801e1af484060446"
        "c140abc5715e958c82d684f3a48138b7281b784d74b9542dc79398604475716"
    ),
    "backbone_azure_2_key": (
        "463449dc6c:0:392114676ca27b6afbb9869775bd8cae7ef89064eacf7d38fae78cf4f7375f6d2"
        "7cb0ddda4f445121532285714f5d8c85b5df3bbe16512ee8084dee9fa0a4d7b"
    ),
}
