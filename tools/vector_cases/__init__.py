"""The cases behind `spec/vectors`, written by hand: no server code and no protobuf library has a part in them."""
